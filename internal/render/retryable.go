package render

import (
	"context"
	"errors"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// unreachable reports whether the store gave no answer about every failed secret.
func unreachable(err error) bool {
	return everySecret(err, source.ErrUnreachable, source.ErrThrottled, source.ErrCredentials)
}

// MayHeal reports whether a retry can help. It can with throttling, the network, and an
// unreachable AWS; and with rights, because those of a new role take a while to apply
// everywhere
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html). A disabled
// key stays disabled until somebody enables it.
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
	return slices.ContainsFunc(kinds, func(k error) bool { return errors.Is(err, k) })
}
