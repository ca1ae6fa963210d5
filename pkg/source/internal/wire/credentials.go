package wire

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/credrender/credrender/pkg/source"
)

// CredentialsError: no credentials could be had. It wraps source.ErrCredentials,
// and source.ErrUnreachable or source.ErrThrottled too where that is why: then
// AWS itself (STS, SSO) did not give them, and may in a while.
type CredentialsError struct {
	Reason string // for people; empty: what Err says
	Err    error
}

func (e *CredentialsError) Error() string { return source.ErrCredentials.Error() + ": " + e.reason() }

// Unwrap returns the sentinels and the cause.
func (e *CredentialsError) Unwrap() []error {
	errs := []error{source.ErrCredentials, e.Err}
	if e.Reason != "" { // nothing that AWS said
		return errs
	}
	kind := kindOfTransport(e.Err)
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
		kind = kindOf(api.ErrorCode(), api.ErrorMessage())
	}
	if errors.Is(kind, source.ErrUnreachable) || errors.Is(kind, source.ErrThrottled) {
		errs = append(errs, kind)
	}
	return errs
}

// RetryableError keeps the SDK from asking again: what could be tried again
// was, by the provider.
func (e *CredentialsError) RetryableError() bool { return false }

func (e *CredentialsError) reason() string {
	if e.Reason != "" {
		return e.Reason
	}
	return strings.TrimPrefix(transportMessage(e.Err), "failed to refresh cached credentials, ")
}
