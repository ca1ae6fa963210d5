package wire

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/credrender/credrender/pkg/source"
)

// Exchange carries data between a request and the HTTP client of package awsconfig, in
// the context of the request. Other HTTP clients leave the zero value.
type Exchange struct {
	New bool // set for the client: send the request on a new connection

	Used       bool // set by the client: the connection had carried requests before
	Identified bool // set by the client: no other answer of the host had this request id
}

type exchangeKey struct{}

// ExchangeOf returns the Exchange in ctx, or a new one. It is never nil.
func ExchangeOf(ctx context.Context) *Exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*Exchange); ok {
		return x
	}
	return &Exchange{}
}

func withExchange(ctx context.Context, x *Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// RequestID is the id that AWS gives each answer.
func RequestID(h http.Header) string {
	return cmp.Or(h.Get("X-Amzn-Requestid"), h.Get("X-Amz-Request-Id"))
}

// ErrOther: an answer does not belong to its request.
var ErrOther = errors.New("the answer belongs to another request")

// doubt is the error of an answer that may belong to another request.
type doubt struct {
	err       error // the result if the answer on a new connection is the same
	anonymous bool  // applies only to answers without a request id of their own
}

func (d *doubt) Error() string { return ErrOther.Error() }

// Unproven is for an answer that reports something missing. The request is sent again on
// a new connection, where the same answer results in err, or is accepted if err is nil. A
// hop that repeats an answer on a connection in use shifts all answers that follow; on a
// new connection there is nothing to repeat.
func Unproven(err error) error { return &doubt{err: err} }

// Anonymous is Unproven for an answer with nothing to compare with its request, if it has
// no request id of its own either. AWS sends an id with every answer, and a repeated
// answer has the same one.
func Anonymous() error { return &doubt{anonymous: true} }

// Other is for an answer that does not fit its request. The request is sent again, first
// on a new connection.
func Other() error { return &doubt{err: Broken(ErrOther)} }

// resolve returns the result of an answer, and whether the request must be sent again: if
// the connection may be the reason for a doubt, or for a "not found" without an id.
func resolve(err error, x *Exchange) (again bool, _ error) {
	d, ok := errors.AsType[*doubt](err)
	switch {
	case !ok:
		return absent(err) && x.Used && !x.Identified, err
	case d.anonymous && x.Identified:
		return false, d.err
	}
	return x.Used, d.err
}

// absent reports whether AWS answers that something does not exist.
func absent(err error) bool {
	kind := kindOf(Code(err), "")
	return errors.Is(kind, source.ErrNotFound) || errors.Is(kind, source.ErrNoStore)
}
