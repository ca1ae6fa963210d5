// Package awserr says what a failed AWS call means in the words of package
// source, so that every back end answers alike.
//
// [Wrap] turns what the SDK returned into an [Error]: the sentinel that callers
// branch on, and AWS's own code and message for people. Both are free of
// secrets: AWS repeats no request body in them, and whatever the SDK says about
// a response that it could not read is dropped, since that can quote one.
package awserr

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
)

const expired = "no answer until time ran out"

// Error is one failed AWS call.
type Error struct {
	Op        string // what was tried: "query table credential-store"
	Kind      error  // a sentinel of package source, or nil where none fits
	Code      string // AWS's error code; empty where nothing answered
	Message   string // AWS's message, or what the network said
	RequestID string // for AWS's support; empty where nothing answered
	Attempts  int    // how often it was tried, where retries ran out; else 0

	cause error
}

// Error reads "query table t: throttled (ThrottlingException: Rate exceeded), after 10 attempts".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": ")
	detail := e.detail()
	switch {
	case e.Kind != nil && detail != "":
		fmt.Fprintf(&b, "%v (%s)", e.Kind, detail)
	case e.Kind != nil:
		b.WriteString(e.Kind.Error())
	default:
		b.WriteString(detail)
	}
	switch {
	case e.Attempts > 1:
		fmt.Fprintf(&b, ", after %d attempts", e.Attempts)
	case e.Message != expired && errors.Is(e.cause, context.DeadlineExceeded):
		b.WriteString(", until time ran out")
	}
	return b.String()
}

func (e *Error) detail() string {
	switch {
	case e.Code == "":
		return e.Message
	case e.Message == "": // KMS sends none with InvalidCiphertextException
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the sentinels and the SDK's error.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if isKeyState(e.Code) {
		errs = append(errs, source.ErrDisabled)
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// Wrap returns nil for nil, else an [*Error]. A call that its context ended
// keeps context.Canceled or context.DeadlineExceeded in its chain; the latter
// is also source.ErrUnreachable, unless what it was waiting out is known.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, cause: err}
	if spent, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		e.Attempts = spent.Attempt
	}
	if resp, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok {
		e.RequestID = resp.ServiceRequestID()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Message = api.ErrorCode(), api.ErrorMessage()
		e.Kind = kindOf(e.Code, e.Message)
	} else {
		e.Message = transportMessage(err)
	}
	if e.Kind == nil {
		e.Kind = kindOfTransport(err)
	}
	if c, ok := errors.AsType[*CredentialsError](err); ok {
		e.Kind = source.ErrCredentials
		if e.Code == "" {
			e.Message = c.reason()
		}
	}
	if _, unread := errors.AsType[*smithy.DeserializationError](err); unread {
		// It carries a snapshot of the body, which may be a data key.
		e.cause, e.Message = nil, "the response could not be read"
		e.Kind = source.ErrUnreachable
	}
	return e
}

// Code returns AWS's error code, or "" where err holds none.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// kindOfTransport judges a failure whose code, if any, says nothing.
func kindOfTransport(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.HTTPStatusCode() != 0 { // 0: nothing answered
		return kindOfStatus(resp.HTTPStatusCode())
	}
	_, sent := errors.AsType[*smithyhttp.RequestSendError](err)
	_, network := errors.AsType[net.Error](err)
	if sent || network || errors.Is(err, context.DeadlineExceeded) {
		return source.ErrUnreachable
	}
	return nil
}

// kindOfStatus judges answers without a code, which come from proxies.
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

// transportMessage leaves out what the SDK puts in front: operation, attempts,
// a status of 0 and an empty request id.
func transportMessage(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Sprintf("%s: %v", u.URL, u.Err)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return expired
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}
