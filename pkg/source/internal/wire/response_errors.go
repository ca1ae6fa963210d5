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

// ErrTooLong: an answer has more bytes than [Request].Limit.
var ErrTooLong error = SafeError("the answer is too long")

// forbidden is the code of a 403 without a body.
var forbidden = StatusCode(http.StatusForbidden)

// StatusCode is the code that the SDK gives to answers without one, which are those to HEAD
// ("NotFound").
func StatusCode(status int) string {
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}

// interrupted replaces the network's error by that of ctx, if ctx has ended.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &aws.RequestCanceledError{Err: ctx.Err()}
	}
	return err
}

// Refused returns the error for an error answer, with AWS's code and message, which are ""
// if the answer has none. Callers and retryers find status and headers in it.
func Refused(resp *http.Response, code, message string) error {
	e := &smithy.GenericAPIError{Code: code, Message: message, Fault: smithy.FaultClient}
	if code == "" { // from a proxy, which answers in HTML
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

// Answered reports whether the call that ended with err received an answer, which may be a
// refusal. Throttling and faults of AWS do not count.
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

// Broken returns the error for an answer that did not arrive as it was sent. The request is
// sent again.
func Broken(err error) error { return &smithyhttp.RequestSendError{Err: err} }
