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

// lookTimeout bounds the daemon's own look at the stores where --timeout does
// not.
const lookTimeout = 2 * time.Minute

func newDaemon(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "daemon",
		Short: "Run the jobs of the config on their schedules",
		Long: `Run every job of the config at the start and then on its schedule, until told
to stop. A tick at which nothing has changed costs half a read unit a secret
and nothing of KMS; what has changed is rendered by a process of its own, so that this
one never holds a secret.

SIGHUP reads the config again (a bad one is refused, and the old stays in
force), SIGUSR1 runs all jobs now, SIGTERM and SIGINT let a run end first.`,
		Example: `  credrender daemon -c /etc/credrender/credrender.yaml`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runDaemon(c.Context(), a) },
	}
}

func runDaemon(ctx context.Context, a *app) error {
	// Unheard, these end a process: from the first moment on they are heard.
	reload, all := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(all, syscall.SIGUSR1)
	defer signal.Stop(reload)
	defer signal.Stop(all)
	catchSIGPIPE()
	// A process that ends in a moment may let garbage lie; this one may not.
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
	a.setTimeout(0) // each look and each render has its own
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
	a.code = exitOK // what was said at the start is no result
	return nil
}

// runAndServe runs the daemon and its endpoints, both to their end.
func (a *app) runAndServe(ctx context.Context, d *daemon.Daemon, listen string) error {
	g, ctx := errgroup.WithContext(ctx)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // while a run ends, too
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

// reread loads the config anew for a reload. A directory of which a file is
// broken is refused as a whole: its jobs run as they did.
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

// daemonConfig is what the daemon does by one reading of the config.
func (a *app) daemonConfig(cfg *config.Config) (*daemon.Config, error) {
	if len(cfg.Jobs) == 0 {
		return nil, usagef("nothing to do: no config, or none with jobs")
	}
	if !slices.ContainsFunc(cfg.Jobs, func(j job.Job) bool { return j.Schedule != "" }) {
		return nil, usagef("no job has a schedule: %s", strings.Join(cfg.Files, ", "))
	}
	for _, j := range cfg.Jobs {
		if j.Schedule == "" {
			a.log.Warn(fmt.Sprintf("%s has no schedule: it runs at the start and at SIGUSR1 only", j.Name), "job", j.Name)
		}
	}
	stamp := stampOf(cfg)
	return &daemon.Config{
		Jobs: cfg.Jobs, Timeout: cfg.Settings.Timeout,
		Look: func(ctx context.Context, jobs []job.Job) ([]render.Look, error) { return a.look(ctx, cfg, jobs) },
		Render: func(ctx context.Context, names []string, changed bool) (int, error) {
			return a.renderInChild(ctx, cfg, names, changed)
		},
		Records:  func() ([]state.Record, error) { return a.records(cfg) },
		Store:    func(o map[string]state.Outcome) error { return a.storeOutcomes(cfg, o) },
		Present:  func(dest string) bool { s, err := (txn.Disk{FS: a.fs}).Stamp(dest); return err == nil && s != "" },
		Outdated: func() bool { return stampOf(cfg) != stamp },
	}, nil
}

// stampOf is another string after a file of the config was changed, added or
// removed.
func stampOf(cfg *config.Config) string {
	paths := cfg.Files
	if !cfg.Read.Single && len(paths) > 0 {
		paths = append([]string{filepath.Dir(paths[0])}, paths...)
	}
	var stamps []string
	for _, path := range paths {
		s, _ := fsys.Stamp(path) // one that is gone has none
		stamps = append(stamps, s)
	}
	return strings.Join(stamps, " ")
}

// look is render.Tick on this machine.
func (a *app) look(ctx context.Context, cfg *config.Config, jobs []job.Job) ([]render.Look, error) {
	st, err := a.openState(cfg, false)
	if err != nil || st == nil {
		return nil, errors.Join(err, render.ErrNoState)
	}
	defer st.Close()
	opts := a.options(cfg, &renderOptions{tick: true})
	opts.Timeout = cmp.Or(opts.Timeout, lookTimeout)
	looks, err := render.Tick(ctx, a.env(cfg, st, nil), opts, jobs)
	if a.refused.seen.Swap(false) && a.renewCredentials(ctx, cfg) {
		looks, err = render.Tick(ctx, a.env(cfg, st, nil), opts, jobs)
	}
	return looks, err
}

// records reads the state of all jobs. A directory that is missing is one that
// could not be made.
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

// storeOutcomes stores what only the daemon knows of jobs.
func (a *app) storeOutcomes(cfg *config.Config, outcomes map[string]state.Outcome) error {
	st, err := a.openState(cfg, false)
	if err != nil || st == nil {
		return errors.Join(err, render.ErrNoState)
	}
	defer st.Close()
	return st.SetOutcomes(outcomes)
}

// usage is what the daemon itself has asked of AWS.
func (a *app) usage() daemon.Usage {
	var u awsconfig.Usage
	if a.stores.Meter != nil {
		u = a.stores.Meter.Usage()
	}
	return daemon.Usage{Requests: u.Requests, ReadUnits: u.ReadUnits}
}
