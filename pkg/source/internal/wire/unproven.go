package wire

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/credrender/credrender/pkg/source"
)

// Exchange is what a request and the HTTP client that sends it tell each other
// beside HTTP: package awsconfig's does, others do not, and leave the zero value.
type Exchange struct {
	New bool // wanted: a connection that has carried no request before

	Used       bool // told: the connection had carried requests before
	Identified bool // told: no other answer of this host had the same request id
}

type exchangeKey struct{}

// ExchangeOf returns what a request's context carries, never nil.
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

// ErrOther is of an answer to another question than was asked.
var ErrOther = errors.New("the answer belongs to another request")

// doubt is of an answer that may belong to another request.
type doubt struct {
	err       error // what it comes to where the answer on a new connection is the same
	anonymous bool  // only an answer that has no id of its own is in doubt
}

func (d *doubt) Error() string { return ErrOther.Error() }

// Unproven is for an answer that says that something is missing: it is asked for
// again on a new connection, and what comes there is err, or taken where err is
// nil. A hop that repeats an answer on a connection in use shifts all that
// follow; on a new one there is nothing to repeat.
func Unproven(err error) error { return &doubt{err: err} }

// Anonymous is Unproven for an answer that has nothing to compare with its
// request, and no request id of its own. AWS sends one with every answer, and a
// repeated answer repeats it.
func Anonymous() error { return &doubt{anonymous: true} }

// Other is for an answer that is not what was asked for: it is asked for again,
// first on a new connection.
func Other() error { return &doubt{err: Broken(ErrOther)} }

// settled is what an answer comes to, and whether it has to be asked for again:
// where the doubt may be the connection's. So may a "not found" without an id.
func settled(err error, x *Exchange) (again bool, _ error) {
	d, ok := errors.AsType[*doubt](err)
	switch {
	case !ok:
		return absent(err) && x.Used && !x.Identified, err
	case d.anonymous && x.Identified:
		return false, d.err
	}
	return x.Used, d.err
}

// absent reports whether a refusal says that what was asked for is not there.
func absent(err error) bool {
	kind := kindOf(Code(err), "")
	return errors.Is(kind, source.ErrNotFound) || errors.Is(kind, source.ErrNoStore)
}
