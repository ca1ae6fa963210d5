package main

import (
	"context"
	"time"

	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/pkg/source/limit"
)

// This file bounds what commands wait for. Only here does a command get its
// limit; renders have one of their own inside of it, for each of their runs.

const (
	// compatTimeout limits the compatibility command lines, whose originals have
	// no --timeout.
	compatTimeout = 2 * time.Minute
	// noticeAfter is how long a person at a terminal waits before being told
	// what for.
	noticeAfter = 2 * time.Second
)

// limited returns the context in which a command waits for AWS, credentials and
// metadata. --timeout is known only when the config has been read, and sets the
// limit then.
func (a *app) limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	a.limit, a.input, a.piped = limit.New(d), input.NewReader(ctx), map[string]text{}
	a.input.SetIdle(d)
	if a.atTerminal(a.stderr) {
		a.limit.Notify(a.noticeAfter, func(s limit.Subject) { a.log.Info("waiting for " + s.String() + " ...") })
	}
	return a.limit.Context(ctx)
}

// setTimeout is for the flag, once it is known.
func (a *app) setTimeout(d time.Duration) {
	a.limit.Set(d)
	a.input.SetIdle(d)
}

// atTerminal reports whether a stream is one that a person sits at.
func (a *app) atTerminal(stream any) bool { return a.terminal != nil && a.terminal(stream) }
