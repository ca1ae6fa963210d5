package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// This file holds the exit codes and every hint. The rules for words:
// results go to stdout and nothing else does; the rest goes to stderr, with
// "credrender:" in front, lower case and no full stop. An error is followed by
// what to do about it. A run that changed nothing says nothing.

// Exit codes; docs/configuration.md and the man page list them.
const (
	exitOK      = 0
	exitFailed  = 1 // an item that fails its integrity check too
	exitUsage   = 2 // usage, config or template
	exitSecret  = 3 // a secret is missing or refused
	exitRefused = 4 // a check or verify refused the new files
	exitHook    = 5 // all files are in place but a hook failed
)

// exitChanges is plan's answer under --detailed-exitcode, as terraform's.
const exitChanges = 2

// severity orders the codes: of several errors the first of these counts.
var severity = [...]int{exitUsage, exitFailed, exitSecret, exitRefused, exitHook, exitOK}

func worse(a, b int) int {
	for _, code := range severity {
		if a == code || b == code {
			return code
		}
	}
	return exitFailed
}

// usageError is a fault in the arguments.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exitCode is what an error means to a script.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitFailed
	case isSecrets(err):
		return secretsCode(err)
	case isUsage(err):
		return exitUsage
	case isOne(err, source.ErrNotFound, source.ErrNoMatch, source.ErrDenied, source.ErrDisabled, source.ErrWrongContext, render.ErrRemoved):
		return exitSecret
	}
	if _, ok := errors.AsType[*render.RefusedError](err); ok {
		return exitRefused
	}
	if _, ok := errors.AsType[*render.HookError](err); ok {
		return exitHook
	}
	return exitFailed
}

func isSecrets(err error) bool {
	_, ok := errors.AsType[*render.SecretsError](err)
	return ok
}

func secretsCode(err error) int {
	failed, _ := errors.AsType[*render.SecretsError](err)
	code := exitOK
	for _, f := range failed.Failures {
		code = worse(code, exitCode(f.Err))
	}
	return code
}

func isUsage(err error) bool {
	_, usage := errors.AsType[*usageError](err)
	_, conf := errors.AsType[*config.Error](err)
	_, unable := errors.AsType[*backend.UnableError](err)
	return usage || conf || unable || isTemplates(err) || isPlace(err) || isOne(err, awsconfig.ErrNoRegion, awsconfig.ErrProfileAndRole, awsconfig.ErrEndpoint, awsconfig.ErrRegion, source.ErrARN, source.ErrRef, source.ErrContext, job.ErrOwner, kms.ErrTwin, local.ErrExposed)
}

// isTemplates reports whether a template is at fault for one of the errors that err
// joins. One that fails over a secret's value is not.
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

// isPlace: a destination that no run could write.
func isPlace(err error) bool {
	_, place := errors.AsType[*render.PlaceError](err)
	_, cycle := errors.AsType[*render.CycleError](err)
	_, kind := errors.AsType[*txn.KindError](err)
	return place || cycle || kind
}

func isOne(err error, kinds ...error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// hint says what to do about an error, or "".
func (a *app) hint(err error) string {
	ad := adviserOf(a.command, a.key)
	if text := ad.many(err); text != "" {
		return text
	}
	return ad.one(err)
}

// one is the hint of an error of one secret, job or file.
func (ad adviser) one(err error) string {
	if locked, ok := errors.AsType[*state.LockedError](err); ok && locked.Inside {
		return "a hook or check cannot render: the files it would change are being changed"
	}
	if errors.Is(err, local.ErrExposed) {
		return "'chmod 600 FILE' closes it; whoever could read it may have the key: 'credrender rekey --new-local-key' makes another"
	}
	if _, ok := errors.AsType[*local.KeyError](err); ok && !errors.Is(err, fs.ErrPermission) {
		return "--local-key names the key file of this store; a copy of it must come from where the store was made"
	}
	if _, ok := errors.AsType[*credstash.VersionError](err); ok {
		return "'credrender list NAME' shows the versions; --version states one, 'credrender migrate' pads those that are not padded"
	}
	if refused, ok := errors.AsType[*render.RefusedError](err); ok {
		return refusedHint(refused)
	}
	if _, ok := errors.AsType[*render.HookError](err); ok {
		return "the hook is owed: the next run tries it again, also if no file changes"
	}
	if text := destHint(err); text != "" {
		return text
	}
	if text := ad.call(err); text != "" {
		return text
	}
	if text := sourceHint(err); text != "" {
		return text
	}
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return h.text
		}
	}
	return ""
}

var hints = []struct {
	err  error
	text string
}{
	{render.ErrRemoved, "put it again, or take the default from now on: --accept-removed NAME"},
	{source.ErrNoMatch, "'credrender list' shows the names that are there; --allow-no-match, or allow_no_match: [PATTERN] of a job, permits that nothing matches"},
	{source.ErrNotFound, "'credrender list' shows the names and versions that are there, 'credrender put NAME @FILE' adds one"},
	{source.ErrWrongContext, "the context must be the one that the secret was put with, pair by pair and case by case"},
	{source.ErrCredentials, "'aws sts get-caller-identity' with the same --profile shows whether there are credentials"},
	{source.ErrIntegrity, "somebody changed the stored item, or it was never whole: put the secret again, and ask who wrote this version"},
	{source.ErrTooLarge, "an item holds about 300,000 bytes, with put --item-format aes-gcm about 400,000; keep larger values elsewhere, as in S3"},
	{source.ErrExists, "that number holds another value already; 'credrender list NAME' shows the versions"},
	{source.ErrChanged, "somebody else was writing: 'credrender list' shows what is there now; then decide whether to run it again"},
	{local.ErrNotStore, "--store local:PATH names the store file; 'credrender setup' makes one where there is none"},
	{kms.ErrGrantee, "is it spelt right, and of the right account? --wait 5m waits longer for a role that was just made"},
	{kms.ErrTwin, "'credrender grants' shows it; grants ignore the case of keys and Decrypt does not, so revoke the one that is wrong first"},
	{source.ErrNoStore, "'credrender setup' makes it; --table, --key, --region and --store say which and where"},
	{source.ErrNoSource, "'sources' of the config names sources: docs/sources.md"},
	{awsconfig.ErrNoRegion, "--region, AWS_REGION or the profile names it"},
	{txn.ErrNoDirectory, "make it, or say create_dirs: true in the config"},
	{render.ErrNoState, "--state-dir names one; --no-hook goes without"},
	{state.ErrUnreadable, "run this as the user that renders, often with sudo; --state-dir names another directory"},
	{state.ErrUntrusted, "the state directory must be yours and mode 0700"},
	{state.ErrLocked, "--lock-timeout says how long to wait"},
	{fs.ErrPermission, "this user may not open the file: 'ls -l FILE' shows who may; run it as that user, or change owner or mode"},
}

func refusedHint(e *render.RefusedError) string {
	switch {
	case e.Again:
		return "nothing has changed since; --force tries again"
	case e.BrokenBefore:
		return "it refuses the old files too, so the fault is not, or not only, in the new ones"
	}
	return ""
}

// textHandler prints a record's message as a person reads it: the attributes
// are for machines, and messages say all.
type textHandler struct {
	mu    *sync.Mutex
	out   io.Writer
	level slog.Level
}

func (h textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }
func (h textHandler) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h textHandler) WithGroup(string) slog.Handler                { return h }

func (h textHandler) Handle(_ context.Context, r slog.Record) error {
	prefix := "credrender: "
	switch {
	case r.Level >= slog.LevelError:
		prefix += "error: "
	case r.Level >= slog.LevelWarn:
		prefix += "warning: "
	case r.Level < slog.LevelInfo:
		prefix += "debug: "
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == hintKey {
			prefix = "credrender: hint: "
		}
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimRight(r.Message, "\n"), "\n") {
		if _, err := fmt.Fprintln(h.out, prefix+mask.Visible(line)); err != nil {
			return err
		}
	}
	return nil
}

// hintKey marks a record that is a hint.
const hintKey = "hint"

func newLogger(out io.Writer, level slog.Level, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(textHandler{mu: &sync.Mutex{}, out: out, level: level})
}
