package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// checkTimeout bounds a change check if --timeout is 0.
const checkTimeout = 2 * time.Minute

func newDaemon(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "daemon",
		Short: "Run the jobs of the config on their schedules",
		Long: `Run every job of the config at startup and then on its schedule. A tick without
changes costs half a DynamoDB read unit per secret and makes no KMS call. A child
process renders the changed jobs, so that the daemon itself never holds a secret.

SIGHUP reloads the config; a broken config is refused and the old one stays in force.
SIGUSR1 runs all jobs now. SIGTERM and SIGINT stop the daemon after the current run.`,
		Example: `  credrender daemon -c /etc/credrender/credrender.yaml`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runDaemon(c.Context(), a) },
	}
}

func runDaemon(ctx context.Context, a *app) error {
	// Catch these signals first of all: by default they end the process.
	reload, all := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(all, syscall.SIGUSR1)
	defer signal.Stop(reload)
	defer signal.Stop(all)
	catchSIGPIPE()
	// Collect garbage more often than a short-lived process, which paceGC is for.
	debug.SetGCPercent(50)
	a.meter(true)
	a.stores.Observer = &a.refused
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	if err := a.checkTextfile(cfg); err != nil {
		return err
	}
	a.setTimeout(0) // each change check and each render has its own limit
	first := cfg
	d, err := daemon.New(ctx, daemon.Options{
		Now: time.Now, Host: a.machine(), Reload: reload, All: all, Log: a.log,
		Notify: daemon.NewNotifier(a.lookupEnv), Jitter: rand.Float64,
		Textfile: cfg.Settings.Textfile, Version: version(), GoVersion: runtime.Version(), Usage: a.usage,
		Load: func(ctx context.Context) (*daemon.Config, error) {
			c := first
			if first = nil; c == nil {
				if c, err = a.reread(ctx, cfg); err != nil {
					return nil, err
				}
				a.renewCredentials(ctx, c)
			}
			return a.daemonConfig(c)
		},
	})
	if err != nil {
		return err
	}
	if err := a.runAndServe(ctx, d, cfg.Settings.Listen); err != nil {
		return err
	}
	a.code = exitOK // errors at startup do not count when the daemon stops
	return nil
}

// runAndServe runs the daemon and serves its endpoints until the daemon stops.
func (a *app) runAndServe(ctx context.Context, d *daemon.Daemon, listen string) error {
	g, ctx := errgroup.WithContext(ctx)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // serves until the last run ends
	defer stop()
	if listen != "" {
		l, err := daemon.Listen(ctx, listen)
		if err != nil {
			return err
		}
		g.Go(func() error { return d.Serve(serving, l) })
	}
	g.Go(func() error {
		defer stop()
		d.Run(ctx)
		return nil
	})
	return g.Wait()
}

// reread loads the config for a reload. If one file of a directory is broken, the whole
// reload fails and all jobs continue with the old config.
func (a *app) reread(ctx context.Context, old *config.Config) (*config.Config, error) {
	c, err := config.Load(ctx, config.Options{Flags: a.globals.given(), Environ: a.environ, Dir: a.dir, EUID: a.euid, Read: a.input.ReadFile})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.Broken...); err != nil {
		return nil, err
	}
	for _, w := range c.Warnings {
		a.log.Warn(w)
	}
	if c.Settings.Listen != old.Settings.Listen || c.Settings.Textfile != old.Settings.Textfile {
		a.log.Warn("listen and textfile take effect at the next start")
	}
	return c, nil
}

// daemonConfig returns the daemon's jobs and functions for one version of the config.
func (a *app) daemonConfig(cfg *config.Config) (*daemon.Config, error) {
	if len(cfg.Jobs) == 0 {
		return nil, usagef("nothing to do: no config with jobs")
	}
	if !slices.ContainsFunc(cfg.Jobs, func(j job.Job) bool { return !j.Schedule.IsZero() }) {
		return nil, usagef("no job has a schedule: %s", strings.Join(cfg.Files, ", "))
	}
	if err := a.checkSchedules(cfg.Jobs); err != nil {
		return nil, err
	}
	for _, j := range cfg.Jobs {
		if j.Schedule.IsZero() {
			a.log.Warn(fmt.Sprintf("%s has no schedule: it runs only at startup and on SIGUSR1", j.Name), "job", j.Name)
		}
	}
	stamp := stampOf(cfg)
	return &daemon.Config{
		Jobs: cfg.Jobs, Timeout: cfg.Settings.Timeout,
		Look: func(ctx context.Context, jobs []job.Job) ([]render.Look, error) {
			return a.checkChanges(ctx, cfg, jobs)
		},
		Render: func(ctx context.Context, names []string, changed bool) (int, error) {
			return a.renderInChild(ctx, cfg, names, changed)
		},
		Records:  func() ([]state.Record, error) { return a.records(cfg) },
		Holds:    func() (map[string]state.Hold, error) { return a.daemonHolds(cfg) },
		Store:    func(o map[string]state.Outcome) error { return a.storeOutcomes(cfg, o) },
		Present:  func(dest string) bool { s, err := (txn.Disk{FS: a.fs}).Stamp(dest); return err == nil && s != "" },
		Outdated: func() bool { return stampOf(cfg) != stamp },
	}, nil
}

// stampOf returns a string that changes when a file of the config is changed, added or
// removed.
func stampOf(cfg *config.Config) string {
	paths := cfg.Files
	if !cfg.Read.Single && len(paths) > 0 {
		paths = append([]string{filepath.Dir(paths[0])}, paths...)
	}
	var stamps []string
	for _, path := range paths {
		s, _ := fsys.Stamp(path) // empty for a removed file
		stamps = append(stamps, s)
	}
	return strings.Join(stamps, " ")
}

// checkChanges runs the change check of jobs.
func (a *app) checkChanges(ctx context.Context, cfg *config.Config, jobs []job.Job) ([]render.Look, error) {
	st, err := a.openState(cfg, false)
	if err != nil || st == nil {
		return nil, errors.Join(err, render.ErrNoState)
	}
	defer st.Close()
	opts := a.options(cfg, &renderOptions{tick: true})
	opts.Timeout = cmp.Or(opts.Timeout, checkTimeout)
	looks, err := render.Tick(ctx, a.env(cfg, st, nil), opts, jobs)
	if a.refused.seen.Swap(false) && a.renewCredentials(ctx, cfg) {
		looks, err = render.Tick(ctx, a.env(cfg, st, nil), opts, jobs)
	}
	return looks, err
}

// records reads the state of all jobs. A missing state directory is an error, because
// the daemon creates it.
func (a *app) records(cfg *config.Config) ([]state.Record, error) {
	st, err := a.readState(cfg)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if st.Missing() {
		return nil, fmt.Errorf("state directory %s does not exist", cfg.Settings.StateDir)
	}
	jobs, err := st.Jobs()
	var records []state.Record
	for _, j := range jobs {
		records = append(records, j.Record())
	}
	return records, err
}

// storeOutcomes stores results of jobs that only the daemon knows.
func (a *app) storeOutcomes(cfg *config.Config, outcomes map[string]state.Outcome) error {
	st, err := a.openState(cfg, false)
	if err != nil || st == nil {
		return errors.Join(err, render.ErrNoState)
	}
	defer st.Close()
	return st.SetOutcomes(outcomes)
}

// usage returns the daemon's own requests to AWS.
func (a *app) usage() daemon.Usage {
	var u awsconfig.Usage
	if a.stores.Meter != nil {
		u = a.stores.Meter.Usage()
	}
	return daemon.Usage{Requests: u.Requests, ReadUnits: u.ReadUnits}
}
