package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
)

// Wrap returns nil for nil, else a [*source.CallError]. A call that its context ended
// keeps context.Canceled or context.DeadlineExceeded in its chain; the latter
// is also source.ErrUnreachable, unless what it was waiting out is known.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &source.CallError{Op: op, Causes: []error{err}}
	if spent, ok := errors.AsType[*retry.MaxAttemptsError](err); ok {
		e.Attempts = spent.Attempt
	}
	if resp, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok {
		e.RequestID = resp.ServiceRequestID()
	}
	e.Status, e.Host = answered(err)
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Message = api.ErrorCode(), api.ErrorMessage()
		e.Kind = kindOf(e.Code, e.Message)
		if isKeyState(e.Code) {
			e.Causes = []error{source.ErrDisabled, err}
		}
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
		e.Causes, e.Message = nil, "the response could not be read"
		e.Kind = source.ErrUnreachable
	}
	return e
}

// answered returns the HTTP status of the answer in err, or 0, and the host that
// was asked, without its port, or "".
func answered(err error) (status int, host string) {
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		status = resp.Response.StatusCode
		if req := resp.Response.Request; req != nil && req.URL != nil {
			host = req.URL.Hostname()
		}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok && host == "" {
		if u, parseErr := url.Parse(failed.URL); parseErr == nil {
			host = u.Hostname()
		}
	}
	return status, host
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
		return source.Expired
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Err.Error()
	}
	return err.Error()
}
