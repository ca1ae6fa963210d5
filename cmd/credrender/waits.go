package main

import (
	"context"
	"time"

	"github.com/credrender/credrender/pkg/schedule"
)

// waitSplay waits for this host's share of a splay.
func (a *app) waitSplay(ctx context.Context, splay time.Duration) error {
	if splay <= 0 {
		return nil // without a look at what machine this is
	}
	share := schedule.Splay(a.machine(), splay)
	defer a.doing("waiting " + share.Round(time.Second).String() + ", this host's splay")()
	return sleep(ctx, share)
}

// waitRetry waits before the next attempt of --wait.
func (a *app) waitRetry(ctx context.Context, pause time.Duration) error {
	defer a.doing("waiting for the next attempt")()
	return sleep(ctx, pause)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
