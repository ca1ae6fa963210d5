package wire

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
)

// Errors of the AWS SDK, of the network and of whoever answered a request become
// errors that may be shown and stored here, and nowhere else.
//
// The source.CallError keeps nothing of the error that it is made of: it consists
// of a sentinel of package source, AWS's error code, an HTTP status, a host, and
// text. The text is our own words (transport_errors.go), or one of the sentences that AWS is
// known to answer with (aws_messages.go). Everything else is dropped: what a proxy, a
// credential endpoint or a damaged answer contains may be a value or a credential,
// and AWS's own answer to a bad signature repeats the session token.

// Wrap returns nil for nil, else a [*source.CallError]. A call that its context ended
// has context.Canceled or context.DeadlineExceeded in its chain; the latter
// is also source.ErrUnreachable, unless what it was waiting out is known.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &source.CallError{Op: op, Causes: kept(err)}
	if spent, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		e.Attempts = spent.Attempt
	}
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		e.Service, e.Operation = call.ServiceID, call.OperationName
	}
	describe(e, err)
	if c, ok := errors.AsType[*CredentialsError](err); ok {
		e.Kind = source.ErrCredentials
		if e.Code == "" {
			e.Message = c.Reason
		}
	}
	return e
}

// describe reads what came back: AWS's error, the answer of something else, or
// nothing.
func describe(e *source.CallError, err error) {
	place := hostOf(err)
	e.Host = (&url.URL{Host: place}).Hostname()
	resp, hasAnswer := errors.AsType[*smithyhttp.ResponseError](err)
	if hasAnswer {
		e.Status = resp.HTTPStatusCode() // 0: nothing answered
	}
	if id, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok {
		e.RequestID = id.ServiceRequestID()
	}
	api, isAPI := errors.AsType[smithy.APIError](err)
	if isAPI {
		e.Code = shownCode(api.ErrorCode())
	}
	switch _, unread := errors.AsType[*smithy.DeserializationError](err); {
	case e.Code != "":
		e.Message = Sentence(api.ErrorMessage())
		e.By = source.ByAWS
		if e.Kind = kindOf(e.Code, api.ErrorMessage()); e.Kind == nil {
			e.Kind = kindOfStatus(e.Status)
		}
		special(e, api)
		if hasAnswer && e.Code == http.StatusText(http.StatusForbidden) && !byAWS(resp) { // to HEAD
			foreign(e, place)
		}
	case e.Status != 0 && e.Status != http.StatusOK:
		foreign(e, place)
	case unread:
		e.Kind, e.Message = source.ErrUnreachable, "the response could not be read"
	default:
		e.Kind, e.Message, e.By = kindOfTransport(err), transportMessage(err), party(err)
	}
}

// special narrows what kindOf says of keys and clocks, and keeps the wider kind
// as a cause.
func special(e *source.CallError, api smithy.APIError) {
	kind, wider := e.Kind, e.Kind
	switch {
	case isKeyState(e.Code):
		kind = source.ErrDisabled
	case e.Code == "NotFoundException": // of KMS alone, among the services
		kind = source.ErrNoKey
	case ofClock(e.Code, api.ErrorMessage()):
		kind, wider, e.By = source.ErrClock, source.ErrCredentials, source.ByClock
	}
	if e.Kind = kind; wider != nil && !errors.Is(kind, wider) {
		e.Causes = append(e.Causes, wider)
	}
}

// party tells who is behind a failure to which nothing answered.
func party(err error) source.Party {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "proxyconnect" {
		return source.ByProxy
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return source.ByAuthority
	}
	if certificate(err) != "" {
		return source.ByTLS
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return source.ByDNS
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return source.ByFile
	}
	switch why := Why(err); {
	case strings.HasPrefix(why, proxyAnswers), strings.HasPrefix(why, "the address of the proxy"):
		return source.ByProxy
	case strings.HasPrefix(why, "the answer is not"): // HTTP, or of a length that AWS sends
		return source.ByServer
	case errors.Is(err, context.DeadlineExceeded):
		return source.ByTime
	case errors.Is(kindOfTransport(err), source.ErrUnreachable):
		return source.ByNetwork
	}
	return ""
}

// byAWS reports whether an answer without a body has headers that only AWS sends.
func byAWS(resp *smithyhttp.ResponseError) bool {
	for name := range resp.Response.Header {
		if strings.HasPrefix(name, "X-Amz") {
			return true
		}
	}
	return false
}

// foreign is the answer of a proxy or of another server than AWS's. It is no
// refusal by AWS, whatever its status.
func foreign(e *source.CallError, from string) {
	from = cmp.Or(from, "the endpoint")
	e.Code, e.Kind, e.By = "", source.ErrUnreachable, source.ByServer
	e.Message = fmt.Sprintf("HTTP status %d from %s, without an error code of AWS", e.Status, from)
	switch e.Status {
	case http.StatusTooManyRequests:
		e.Kind = source.ErrThrottled
	case http.StatusProxyAuthRequired:
		e.By = source.ByProxy
	}
}

// kept lists what callers may find in the chain.
func kept(err error) (list []error) {
	if over, ok := errors.AsType[*limit.Error](err); ok {
		list = append(list, over)
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			list = append(list, known)
		}
	}
	if c, ok := errors.AsType[*CredentialsError](err); ok {
		list = append(list, c)
	}
	return list
}

// Code returns AWS's error code, or "" where err holds none.
func Code(err error) string {
	if e, ok := errors.AsType[*source.CallError](err); ok {
		return e.Code
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return shownCode(api.ErrorCode())
	}
	return ""
}

// kindOfTransport judges a failure to which nothing answered.
func kindOfTransport(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	_, sent := errors.AsType[*smithyhttp.RequestSendError](err)
	_, network := errors.AsType[net.Error](err)
	if _, file := errors.AsType[*fs.PathError](err); file { // whose syscall.Errno is a net.Error
		network = false
	}
	if sent || network || errors.Is(err, context.DeadlineExceeded) {
		return source.ErrUnreachable
	}
	return nil
}

// kindOfStatus judges answers with a code that says nothing.
func kindOfStatus(status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return source.ErrThrottled
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return source.ErrDenied
	case status >= http.StatusInternalServerError:
		return source.ErrUnreachable
	}
	return nil
}
