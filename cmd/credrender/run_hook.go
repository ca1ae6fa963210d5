package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/render"
)

func newRunHook(a *app) *cobra.Command {
	var lockTimeout time.Duration
	c := &cobra.Command{
		Use:   "run-hook JOB",
		Short: "Run the hook of a job now",
		Long: `Run the hook of a job of the config as a render would, with the same environment
and timeout, and render nothing. If the hook is pending, CREDRENDER_CHANGED lists
the files it is pending for, and success makes it no longer pending. Otherwise
CREDRENDER_CHANGED lists all files of the job.

The hook's output is not shown if it fails: it may hold a secret, and without a
render there are no known values to mask.`,
		Example: `  credrender run-hook web-tls`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runRunHook(c.Context(), a, args[0], lockTimeout)
		},
	}
	c.Flags().DurationVar(&lockTimeout, "lock-timeout", time.Minute, "wait up to `DURATION` for another run to end")
	return c
}

func runRunHook(ctx context.Context, a *app, name string, lockTimeout time.Duration) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	j, err := jobNamed(cfg, name)
	if err != nil {
		return err
	}
	if j.Hook.IsZero() {
		return usagef("%s: job %s has no hook", j.Origin, name)
	}
	st, err := a.writableState(cfg, "run the hook")
	if err != nil {
		return err
	}
	defer st.Close() // each write was synced by itself
	w := a.env(cfg, st, nil)
	w.Account = nil // needs a request to AWS
	report, err := render.RunHook(ctx, w, render.Options{LockTimeout: lockTimeout, Code: exitCode}, *j)
	for _, n := range report.Notes {
		a.log.Warn(n)
	}
	failure, failed := errors.AsType[*render.HookError](err)
	switch {
	case err == nil:
		a.log.Info(fmt.Sprintf("ran hook %s", render.Show(j.Hook)), "job", j.Name)
	case failed && !report.Pending:
		a.log.Error(fmt.Sprintf("%s: %v", j.Name, failure), "job", j.Name, "code", exitHook)
		a.log.Info("the hook was not pending, so no run tries it again", hintKey, true)
		a.code = exitHook
	default:
		a.failJob(j, err)
	}
	return nil
}
