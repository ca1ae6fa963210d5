package render

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// unreachable reports whether every failure is that the store did not answer.
func unreachable(err error) bool {
	return everySecret(err, source.ErrUnreachable, source.ErrThrottled, source.ErrCredentials)
}

// MayHeal reports whether trying again can help: throttling, the network, an
// AWS that is out of reach, and rights, since those of a new role take a while
// to be known everywhere
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html). A key
// that is disabled stays so until somebody enables it.
func MayHeal(err error) bool {
	return !errors.Is(err, source.ErrDisabled) && everySecret(err, source.ErrUnreachable, source.ErrThrottled, source.ErrCredentials, source.ErrDenied)
}

func everySecret(err error, kinds ...error) bool {
	failed, ok := errors.AsType[*template.SecretsError](err)
	if !ok {
		return false
	}
	for _, f := range failed.Failures {
		if !isAny(f, kinds) || errors.Is(f, context.Canceled) {
			return false
		}
	}
	return true
}

func isAny(err error, kinds []error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}
