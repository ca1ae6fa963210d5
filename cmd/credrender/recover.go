package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/render"
)

func newRecover(a *app) *cobra.Command {
	var lockTimeout time.Duration
	c := &cobra.Command{
		Use:   "recover",
		Short: "Undo what a crash interrupted, without rendering",
		Long: `Restore the files of jobs that a crash or a power cut interrupted, as the next
render would do first. It renders nothing, runs no command and uses no network. Run
it at boot, before the services that read the files. Pending hooks stay pending. A
broken config is an error (exit code 2), but the jobs in the state directory are
recovered anyway.

Without anything to recover, nothing is printed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runRecover(c.Context(), a, lockTimeout) },
	}
	c.Flags().DurationVar(&lockTimeout, "lock-timeout", time.Minute, "wait up to `DURATION` for another run to end")
	return c
}

func runRecover(ctx context.Context, a *app, lockTimeout time.Duration) error {
	cfg, err := a.configOrNone(ctx)
	if err != nil {
		return err
	}
	st, err := a.writableState(cfg, "recover")
	if err != nil {
		return err
	}
	defer st.Close() // each write was synced by itself
	notes, err := render.Recover(ctx, a.env(cfg, st, nil), render.Options{LockTimeout: lockTimeout})
	for _, n := range notes {
		a.log.Warn(n)
	}
	if err != nil {
		for _, e := range flatten(err) {
			a.fail(e)
		}
	}
	return nil
}

// configOrNone reports a broken config and continues with the defaults: recovery needs
// only the state directory, which is usually the default one.
func (a *app) configOrNone(ctx context.Context) (*config.Config, error) {
	cfg, err := a.config(ctx)
	if err == nil {
		return cfg, nil
	}
	if setErr := a.globals["config"].Set(os.DevNull); setErr != nil {
		return nil, err
	}
	cfg, otherErr := a.config(ctx)
	if otherErr != nil {
		return nil, err
	}
	a.fail(err)
	a.log.Warn("recovering in " + cfg.Settings.StateDir + " without the config")
	return cfg, nil
}
