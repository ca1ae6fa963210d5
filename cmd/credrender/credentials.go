package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/limit"
)

// refusals is an observer that records whether AWS refused the credentials of a
// request. The daemon then reloads them.
type refusals struct{ seen atomic.Bool }

// Start implements source.Observer.
func (r *refusals) Start(ctx context.Context, _ source.Attempt) (context.Context, func(source.Outcome)) {
	return ctx, func(o source.Outcome) {
		if awsconfig.Refused(o) {
			r.seen.Store(true)
		}
	}
}

// renewCredentials reloads credentials and reports whether they changed.
func (a *app) renewCredentials(ctx context.Context, cfg *config.Config) bool {
	ctx, stop := limit.New(cfg.Settings.Timeout).Context(ctx)
	defer stop()
	renewed := a.stores.Renew(ctx)
	for _, c := range renewed {
		identity := ""
		if id, err := c.Identity(ctx); err == nil {
			identity = ": now " + id.ARN
		}
		a.log.Info("AWS credentials have changed" + identity)
	}
	return len(renewed) > 0
}

// askMFA prompts for the code of an MFA device on the terminal, as botocore does. It
// uses the controlling terminal if standard input is redirected.
func (a *app) askMFA(ctx context.Context, serial string) (string, error) {
	tty, done := a.openTerminal()
	if tty == nil {
		return "", awsconfig.ErrNoTerminal
	}
	defer done()
	state, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return "", awsconfig.ErrNoTerminal
	}
	out := a.stderr
	if !a.atTerminal(out) {
		out = tty
	}
	_, _ = fmt.Fprintf(out, "Enter MFA code for %s: ", serial)
	defer func() { _, _ = fmt.Fprintln(out) }()
	typed, err := awaitAnswer(ctx, func() ([]byte, error) { return term.ReadPassword(int(tty.Fd())) })
	if ctx.Err() != nil {
		_ = term.Restore(int(tty.Fd()), state)
		return "", ctx.Err()
	}
	code := strings.TrimSpace(string(typed))
	if err != nil || code == "" {
		return "", errors.New("no MFA code was entered")
	}
	return code, nil
}

// openTerminal returns the terminal for a prompt, or nil if there is none.
func (a *app) openTerminal() (tty *os.File, done func()) {
	stdin, _ := a.stdin.(*os.File)
	atStdin := stdin != nil && a.atTerminal(stdin)
	if !atStdin && !a.atTerminal(a.stderr) {
		return nil, nil
	}
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		return tty, func() { _ = tty.Close() }
	}
	if atStdin {
		return stdin, func() {}
	}
	return nil, nil
}
