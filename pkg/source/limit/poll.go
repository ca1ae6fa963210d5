package limit

import (
	"context"
	"fmt"
	"time"
)

// StuckError is the error of a [Poll] whose state has not changed for the limit. It
// is also context.DeadlineExceeded.
type StuckError struct {
	State string // the state that was seen last
	Limit time.Duration
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("still %s after %s (--timeout)", e.State, e.Limit)
}

// Unwrap returns context.DeadlineExceeded.
func (e *StuckError) Unwrap() error { return context.DeadlineExceeded }

// Limited returns the limit.
func (e *StuckError) Limited() time.Duration { return e.Limit }

// Poll calls look until it is done or fails, with pauses between the calls. Each
// call gets an answer, which starts the clock of [Wait] again, so that Poll has a
// clock of its own: it starts again when look returns a state that it has not
// returned before. When it reaches the limit of ctx, Poll returns a *[StuckError].
// Without a limit in ctx, Poll ends with ctx.
func Poll(ctx context.Context, pause time.Duration, look func(context.Context) (state string, done bool, err error)) error {
	seen, since := map[string]bool{}, time.Now()
	for {
		state, done, err := look(ctx)
		if done || err != nil {
			return err
		}
		if !seen[state] {
			seen[state], since = true, time.Now()
		}
		if d := durationOf(ctx); d > 0 && time.Since(since) >= d {
			return &StuckError{State: state, Limit: d}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// durationOf returns the limit of ctx, or 0 if it has none.
func durationOf(ctx context.Context) time.Duration {
	l := of(ctx)
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limit
}
