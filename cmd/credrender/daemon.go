package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	"github.com/credrender/credrender/internal/txn/fsys"
)

// checkTimeout bounds a change check if --timeout is 0.
const checkTimeout = 2 * time.Minute

type daemonOptions struct {
	bootWait    time.Duration
	checkConfig bool
}

func newDaemon(a *app) *cobra.Command {
	o := &daemonOptions{}
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Run the jobs of the config on their schedules",
		Long: `Run every job of the config at startup and then on its schedule. A tick without
changes costs half a DynamoDB read unit per secret and makes no KMS call. A child
process renders the changed jobs, so that the daemon itself never holds a secret.
The daemon waits for a config that does not exist yet.

Under systemd the start succeeds as soon as every file is the one that credrender
installed on this machine. The daemon checks for changes first, for --boot-wait at
most. It waits for missing files until --timeout has passed, and at least 30 seconds.
Then the start fails, unless the setting ready is best-effort. Hooks run after the
start.

SIGHUP reloads the config; a broken config is refused and the old one stays in force.
SIGUSR1 runs all jobs now. SIGTERM and SIGINT stop the daemon as soon
as no job is half done.`,
		Example: `  credrender daemon -c /etc/credrender/credrender.yaml
  credrender daemon --check-config    # before a reload: exit code 2 if it would be refused`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("boot-wait") {
				o.bootWait = -1
			}
			return runDaemon(c.Context(), a, o)
		},
	}
	c.Flags().DurationVar(&o.bootWait, "boot-wait", 2*time.Second, "if all files are in place, wait up to `DURATION` for the first change check")
	c.Flags().BoolVar(&o.checkConfig, "check-config", false, "check the config as a reload would, print its faults and exit")
	return c
}

func runDaemon(ctx context.Context, a *app, o *daemonOptions) error {
	if o.checkConfig {
		return a.checkConfig(ctx)
	}
	a.line.off()          // its log tells more
	if os.Getpid() == 1 { // of a container: reap the orphans of hooks
		signals := make(chan os.Signal, 64)
		signal.Notify(signals)
		return a.initProcess(signals, a.atTerminal(a.stdin))
	}
	// Catch these signals first of all: by default they end the process.
	reload, all := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(all, syscall.SIGUSR1)
	defer signal.Stop(reload)
	defer signal.Stop(all)
	catchSIGPIPE()
	crashBySignal()
	// Collect garbage more often than a short-lived process, which paceGC is for.
	debug.SetGCPercent(50)
	a.dated = true
	a.log = a.newLog(slog.LevelInfo, "text")
	notify := daemon.NewNotifier(a.lookupEnv)
	if err := a.awaitConfig(ctx, notify); err != nil || ctx.Err() != nil {
		return err
	}
	a.meter(true)
	a.stores.Observer = &a.refused
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	if err := a.checkTextfile(cfg); err != nil {
		return err
	}
	limit := startLimit(cfg.Settings.Timeout)
	a.setTimeout(0) // each change check and each render has its own limit
	d, err := daemon.New(ctx, a.daemonOptions(cfg, o, daemon.Options{Reload: reload, All: all, Notify: notify, BootLimit: limit}))
	if err != nil {
		return err
	}
	a.log.Info(fmt.Sprintf("credrender %s: daemon started as process %d: %d jobs of %s", version(), os.Getpid(), len(cfg.Jobs), strings.Join(cfg.Files, ", ")))
	if err := a.runAndServe(ctx, d, cfg.Settings.Listen); err != nil {
		return err
	}
	a.log.Info("daemon stopped")
	a.code = exitOK // errors at startup do not count when the daemon stops
	return nil
}

// daemonOptions completes o for a daemon that starts with cfg.
func (a *app) daemonOptions(cfg *config.Config, given *daemonOptions, o daemon.Options) daemon.Options {
	first := cfg
	o.Now, o.Host, o.Log, o.Jitter = time.Now, a.machine(), a.log, rand.Float64
	o.Textfile, o.Version, o.GoVersion, o.Usage = cfg.Settings.Textfile, version(), runtime.Version(), a.usage
	o.NewRunID = func() string { return fmt.Sprintf("%08x", rand.Uint32()) } //nolint:gosec // a name for log lines
	o.BootWait, o.BestEffort = cfg.Settings.BootWait, cfg.Settings.Ready == config.ReadyBestEffort
	if given.bootWait >= 0 {
		o.BootWait = given.bootWait
	}
	o.Load = func(ctx context.Context) (*daemon.Config, error) {
		c := first
		if first = nil; c == nil {
			var err error
			if c, err = a.reread(ctx, cfg); err != nil {
				return nil, err
			}
			a.renewCredentials(ctx, c)
		}
		return a.daemonConfig(c)
	}
	return o
}

// checkConfig reports whether a reload would accept the config.
func (a *app) checkConfig(ctx context.Context) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	_, err = a.daemonConfig(cfg)
	return errors.Join(err, a.checkTextfile(cfg))
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
		return d.Run(ctx)
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
	c := a.facts(cfg)
	c.Timeout = cfg.Settings.Timeout
	c.Check = func(ctx context.Context, jobs []job.Job) ([]render.CheckResult, error) {
		return a.checkChanges(ctx, cfg, jobs)
	}
	c.Render = func(ctx context.Context, o daemon.Order) (daemon.Ended, error) { return a.renderInChild(ctx, cfg, o) }
	c.Store = func(o map[string]state.Outcome) error { return a.storeOutcomes(cfg, o) }
	c.Missing = func(j job.Job) string { return a.missingNow(cfg, j) }
	c.Installed = a.installed
	c.Outdated = func() bool { return stampOf(cfg) != stamp }
	return c, nil
}

// stampOf returns a string that changes when a file of the config is changed, added or
// removed.
func stampOf(cfg *config.Config) string {
	paths := cfg.Files
	if !cfg.Read.Single && len(paths) > 0 {
		paths = append([]string{filepath.Dir(paths[0])}, paths...)
	}
	return stampAll(paths)
}

func stampAll(paths []string) string {
	var stamps []string
	for _, path := range paths {
		s, _ := fsys.Stamp(path) // empty for a removed file
		stamps = append(stamps, s)
	}
	return strings.Join(stamps, " ")
}

// checkChanges runs the change check of jobs.
func (a *app) checkChanges(ctx context.Context, cfg *config.Config, jobs []job.Job) ([]render.CheckResult, error) {
	st, err := a.openState(cfg, false)
	if err != nil || st == nil {
		return nil, errors.Join(err, render.ErrNoState)
	}
	defer st.Close()
	opts := a.options(cfg, &renderOptions{tick: true})
	opts.Timeout = cmp.Or(opts.Timeout, checkTimeout)
	results, err := render.CheckChanges(ctx, a.env(cfg, st, nil), opts, jobs)
	if a.refused.seen.Swap(false) && a.renewCredentials(ctx, cfg) {
		results, err = render.CheckChanges(ctx, a.env(cfg, st, nil), opts, jobs)
	}
	return results, err
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
