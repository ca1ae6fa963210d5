package wire

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrTooLong is of an answer with more bytes than [Request].Limit.
var ErrTooLong error = Words("the answer is too long")

// forbidden is the code of a 403 without a body.
var forbidden = StatusCode(http.StatusForbidden)

// StatusCode is the code that the SDK gives answers which have none: those to
// HEAD ("NotFound").
func StatusCode(status int) string {
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}

// interrupted tells the end of ctx from what the network says of it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &aws.RequestCanceledError{Err: ctx.Err()}
	}
	return err
}

// Refused is the error of an answer that is none, with what AWS says in it; ""
// stands for a code or a message that nobody could read. Callers and retryers
// find status and headers in it.
func Refused(resp *http.Response, code, message string) error {
	e := &smithy.GenericAPIError{Code: code, Message: message, Fault: smithy.FaultClient}
	if code == "" { // of a proxy, which answers in HTML
		e.Code, e.Message = "UnknownError", "UnknownError"
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		e.Fault = smithy.FaultServer
	}
	bare := &http.Response{Status: resp.Status, StatusCode: resp.StatusCode, Header: resp.Header}
	if req := resp.Request; req != nil && req.URL != nil { // who answered, and nothing else of it
		bare.Request = &http.Request{URL: &url.URL{Host: Host(req.URL)}}
	}
	return &awshttp.ResponseError{
		RequestID:     RequestID(resp.Header),
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: bare}, Err: e},
	}
}

// Answered reports whether a call that ended with err got an answer to what it
// asked, a refusal included. "Slow down" and a fault at AWS's end are none.
func Answered(err error) bool {
	if err == nil {
		return true
	}
	resp, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || isThrottle(Code(err)) {
		return false
	}
	status := resp.HTTPStatusCode()
	return status != 0 && status != http.StatusTooManyRequests && status < http.StatusInternalServerError
}

// Broken is the error of an answer that did not arrive as it was sent. It is
// asked for again.
func Broken(err error) error { return &smithyhttp.RequestSendError{Err: err} }
