package wire

import (
	"cmp"
	"errors"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// CredentialsError: no credentials could be had. It wraps source.ErrCredentials,
// and source.ErrUnreachable or source.ErrThrottled too where that is why: then
// AWS itself (STS, SSO) did not give them, and may in a while.
type CredentialsError struct {
	Reason string // for people, in words that may be shown
	Kind   error  // ErrUnreachable or ErrThrottled, or nil
}

// NewCredentialsError describes err as [Wrap] would, and keeps nothing else of it.
func NewCredentialsError(err error) *CredentialsError {
	var found source.CallError
	describe(&found, err)
	e := &CredentialsError{Reason: cmp.Or(strings.Trim(found.Code+": "+found.Message, ": "), "the request failed")}
	if errors.Is(found.Kind, source.ErrUnreachable) || errors.Is(found.Kind, source.ErrThrottled) {
		e.Kind = found.Kind
	}
	return e
}

func (e *CredentialsError) Error() string { return source.ErrCredentials.Error() + ": " + e.Reason }

// Unwrap returns the sentinels.
func (e *CredentialsError) Unwrap() []error {
	if e.Kind == nil {
		return []error{source.ErrCredentials}
	}
	return []error{source.ErrCredentials, e.Kind}
}

// RetryableError keeps the SDK from asking again: what could be tried again
// was, by the provider.
func (e *CredentialsError) RetryableError() bool { return false }
