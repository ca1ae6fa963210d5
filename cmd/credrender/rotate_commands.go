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

// rotationFailure reports whether a rotation failed because verify refused the candidate,
// and whether it failed after publishing. A verify that cannot be started refuses nothing.
func rotationFailure(err error) (refused, after bool) {
	failed, ok := errors.AsType[*rotate.StepError](err)
	if !ok {
		return false, false
	}
	return failed.Step == rotate.Verify && !errors.Is(err, hook.ErrStart), failed.Step == rotate.WaitFor || failed.Step == rotate.Revoke
}

// rotationHint returns the hint for the error of a rotation, or "".
func rotationHint(err error) string {
	_, after := rotationFailure(err)
	switch {
	case after:
		return "the new value is in force and the old one is not revoked; run the same command again to finish"
	case errors.Is(err, rotate.ErrOther):
		return "run it without a new value to finish with the kept candidate, or with --abort to give that up"
	case errors.Is(err, rotate.ErrUnfinished):
		return "run the same command again: it looks whether the candidate is published, and goes on from there"
	case errors.Is(err, rotate.ErrInForce):
		return "if that is meant, 'credrender delete REF.next' forgets the rotation"
	case errors.Is(err, rotate.ErrPublished):
		return "run the rotation again to finish it"
	}
	return ""
}
