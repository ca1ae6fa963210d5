package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/rotate"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Exit codes. The help of the root command and README.md list them.
const (
	exitOK      = 0
	exitFailed  = 1 // includes items that fail their integrity check
	exitUsage   = 2 // usage, config or template
	exitSecret  = 3 // a secret is missing or refused
	exitRefused = 4 // a check or verify refused the new files
	exitHook    = 5 // all files are in place but a hook failed
)

// exitChanges is the exit code of plan --detailed-exitcode if a render would change
// something, as in terraform.
const exitChanges = 2

// severity orders the exit codes: of several failures the first code listed here is
// the process's.
var severity = [...]int{exitUsage, exitFailed, exitSecret, exitRefused, exitHook, exitOK}

func worse(a, b int) int {
	for _, code := range severity {
		if a == code || b == code {
			return code
		}
	}
	return exitFailed
}

// usageError is an error in the arguments.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// usagef is fmt.Errorf for a usage error. Words of the command line may stand in it as they
// are: what a terminal would obey in them is written out.
func usagef(format string, args ...any) error {
	shown := slices.Clone(args)
	for i, arg := range shown {
		if word, ok := arg.(string); ok {
			shown[i] = mask.Visible(word)
		}
	}
	return &usageError{fmt.Errorf(format, shown...)}
}

// exitCode returns the exit code for an error.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitFailed
	case len(parts(err)) > 1:
		code := exitOK
		for _, e := range parts(err) {
			code = worse(code, exitCode(e))
		}
		return code
	case isUsage(err):
		return exitUsage
	case isOne(err, source.ErrNotFound, source.ErrNoMatch, source.ErrDenied, source.ErrDisabled, source.ErrWrongContext, render.ErrRemoved):
		return exitSecret
	}
	refused, after := rotationFailure(err)
	if _, ok := errors.AsType[*render.RefusedError](err); ok || refused {
		return exitRefused
	}
	if _, ok := errors.AsType[*render.HookError](err); ok || after {
		return exitHook
	}
	return exitFailed
}

// parts lists the failures that err joins.
func parts(err error) []error {
	if failed, ok := errors.AsType[*template.SecretsError](err); ok && fmt.Sprintf("%T", err) != joined {
		return flatten(failed)
	}
	return flatten(err)
}

func isUsage(err error) bool {
	_, usage := errors.AsType[*usageError](err)
	_, conf := errors.AsType[*config.Error](err)
	_, unable := errors.AsType[*backend.UnableError](err)
	_, refusal := errors.AsType[*source.RefusalError](err)
	return usage || conf || unable || refusal || isTemplates(err) || isPlace(err) || isOverride(err) || isOne(err, render.ErrTooMuch, job.ErrFiles, rotate.ErrOther, rotate.ErrSame, awsconfig.ErrNoRegion, awsconfig.ErrProfileAndRole, awsconfig.ErrEndpoint, awsconfig.ErrRegion, source.ErrARN, source.ErrRef, source.ErrContext, job.ErrOwner, kms.ErrTwin, local.ErrExposed, local.ErrWritable)
}

// isTemplates reports whether err is, or joins, an error in a template's text. A
// template that fails because of a secret's value is not at fault.
func isTemplates(err error) bool {
	switch e := err.(type) {
	case *template.Error:
		return !e.OfValue
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), isTemplates)
	}
	inner := errors.Unwrap(err)
	return inner != nil && isTemplates(inner)
}

// isPlace reports whether err is about a destination that no run could write.
func isPlace(err error) bool {
	_, place := errors.AsType[*render.DestinationError](err)
	_, cycle := errors.AsType[*render.CycleError](err)
	_, kind := errors.AsType[*txn.KindError](err)
	return place || cycle || kind
}

func isOne(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(k error) bool { return errors.Is(err, k) })
}
