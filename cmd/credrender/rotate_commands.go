package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/rotate"
	"github.com/credrender/credrender/pkg/source"
)

// command returns the command of a step, or "".
func (o *rotateOptions) command(s rotate.Step) string {
	return map[rotate.Step]string{
		rotate.Apply: o.apply, rotate.Verify: o.verify, rotate.Unapply: o.unapply, rotate.WaitFor: o.waitFor, rotate.Revoke: o.revoke,
	}[s]
}

func (o *rotateOptions) has(s rotate.Step) bool { return o.command(s) != "" }

// rotationCommands returns the function that runs the command of a step.
func (a *app) rotationCommands(o *rotateOptions, t *backend.Target) func(context.Context, rotate.Step, rotate.Values) error {
	return func(ctx context.Context, s rotate.Step, v rotate.Values) error {
		if !o.has(s) {
			return nil
		}
		values := []source.Secret{v.On, v.Other}
		spec := hook.Spec{
			Command: job.Command{Shell: o.command(s)}, Dir: a.dir, Timeout: o.commandTimeout,
			Inputs: values, Masker: hook.NewMasker(values),
			Env: append(slices.Clone(a.environ), "CREDRENDER_STEP="+string(s), "CREDRENDER_SECRET="+t.Text(), "CREDRENDER_VERSION="+v.Version),
		}
		a.log.Debug(fmt.Sprintf("%s: %s", t.Bare(), s))
		if s == rotate.WaitFor {
			return a.repeat(ctx, o, spec)
		}
		_, err := hook.Run(ctx, spec)
		return err
	}
}

// repeat runs a command until it succeeds, or --wait-timeout is over. A command that
// cannot be started will not succeed later.
func (a *app) repeat(ctx context.Context, o *rotateOptions, spec hook.Spec) error {
	over := time.NewTimer(o.waitTimeout)
	defer over.Stop()
	for {
		_, err := hook.Run(ctx, spec)
		if err == nil || errors.Is(err, hook.ErrStart) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(o.waitInterval):
		case <-over.C:
			return fmt.Errorf("after %s (--wait-timeout) still: %w", o.waitTimeout, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
