package main

import (
	"context"
	"sync/atomic"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/limit"
)

// refusals is an observer that notes when AWS has refused the credentials of a
// request: a daemon then loads them anew.
type refusals struct{ seen atomic.Bool }

// Start implements source.Observer.
func (r *refusals) Start(ctx context.Context, _ source.Attempt) (context.Context, func(source.Outcome)) {
	return ctx, func(o source.Outcome) {
		if awsconfig.Refused(o) {
			r.seen.Store(true)
		}
	}
}

// renewCredentials loads credentials anew, and reports whether they are others.
func (a *app) renewCredentials(ctx context.Context, cfg *config.Config) bool {
	ctx, stop := limit.New(cfg.Settings.Timeout).Context(ctx)
	defer stop()
	renewed := a.stores.Renew(ctx)
	for _, c := range renewed {
		who := ""
		if id, err := c.Identity(ctx); err == nil {
			who = ": now " + id.ARN
		}
		a.log.Info("AWS credentials have changed" + who)
	}
	return len(renewed) > 0
}
