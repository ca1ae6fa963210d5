package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	"github.com/credrender/credrender/pkg/source/awsconfig"
)

// lookTimeout bounds the daemon's change checks where --timeout does not.
const lookTimeout = 2 * time.Minute

type daemonOptions struct {
	bootWait    time.Duration
	checkConfig bool
}

func newDaemon(a *app) *cobra.Command {
	o := &daemonOptions{}
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Run the jobs of the config on their schedules",
		Long: `Run every job of the config at the start and then on its schedule, until told
to stop. An unchanged run costs half a read unit a secret and no call to KMS. Jobs
that may have changed are rendered by a child process, so that this one never
holds a secret. A config that does not exist yet is waited for.

Under systemd the start succeeds as soon as every file is the one that credrender
installed on this machine, after --boot-wait at most. It waits for missing files
until --timeout is over (30 s at least), and then fails; the setting ready: best-effort lets it
succeed without them. Hooks run after that.

SIGHUP reads the config again (a bad one is refused, and the old stays in
force), SIGUSR1 runs all jobs now, SIGTERM and SIGINT let a run end first.`,
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
	c.Flags().DurationVar(&o.bootWait, "boot-wait", 2*time.Second, "how long a start whose files are in place waits for news, `DURATION`")
	c.Flags().BoolVar(&o.checkConfig, "check-config", false, "read the config as the daemon would, report faults, and exit")
	return c
}

func runDaemon(ctx context.Context, a *app, o *daemonOptions) error {
	if o.checkConfig {
		return a.checkConfig(ctx)
	}
	// Unheard, these end a process: from the first moment on they are heard.
	reload, all := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(all, syscall.SIGUSR1)
	defer signal.Stop(reload)
	defer signal.Stop(all)
	outliveReaders()
	crashBySignal()
	// A short-lived process may leave garbage uncollected; this one may not.
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
	if err := a.guardTextfile(cfg); err != nil {
		return err
	}
	limit := startLimit(cfg.Settings.Timeout)
	a.setTimeout(0) // each change check and each render has its own
	d, err := daemon.New(ctx, a.daemonOptions(cfg, o, daemon.Options{Reload: reload, All: all, Notify: notify, BootLimit: limit}))
	if err != nil {
		return err
	}
	a.log.Info(fmt.Sprintf("credrender %s: daemon started as process %d: %d jobs of %s", version(), os.Getpid(), len(cfg.Jobs), strings.Join(cfg.Files, ", ")))
	if err := a.runAndServe(ctx, d, cfg.Settings.Listen); err != nil {
		return err
	}
	a.log.Info("daemon stopped")
	a.code = exitOK // faults reported at the start are no result
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
	return errors.Join(err, a.guardTextfile(cfg))
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
	if os.Getpid() == 1 {
		g.Go(func() error { daemon.ReapOrphans(serving); return nil })
	}
	g.Go(func() error {
		defer stop()
		return d.Run(ctx)
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
	c := a.facts(cfg)
	c.Timeout = cfg.Settings.Timeout
	c.Look = func(ctx context.Context, jobs []job.Job) ([]render.Look, error) { return a.look(ctx, cfg, jobs) }
	c.Render = func(ctx context.Context, o daemon.Order) (daemon.Ended, error) { return a.renderApart(ctx, cfg, o) }
	c.Store = func(o map[string]state.Outcome) error { return a.storeOutcomes(cfg, o) }
	c.Missing, c.Installed = a.missing, a.installed
	c.Outdated = func() bool { return stampOf(cfg) != stamp }
	return c, nil
}

// facts is what the metrics tell of a config and its jobs.
func (a *app) facts(cfg *config.Config) *daemon.Config {
	c := &daemon.Config{Jobs: cfg.Jobs, Records: func() ([]state.Record, error) { return a.records(cfg) }}
	hash := sha256.New()
	for _, f := range cfg.Read.Files {
		_, _ = fmt.Fprintf(hash, "%q%q", f.Path, f.Data)
		if info, err := os.Stat(f.Path); err == nil && info.ModTime().After(c.Modified) {
			c.Modified = info.ModTime()
		}
	}
	c.Hash = hex.EncodeToString(hash.Sum(nil)[:6])
	return c
}

// writeTextfile writes the metrics of a render that no daemon has started. They
// are no result of it: a failure is a warning.
func (a *app) writeTextfile(cfg *config.Config) {
	path := cfg.Settings.Textfile
	if path == "" || a.snapshot != nil || len(cfg.Jobs) == 0 {
		return
	}
	err := a.guardTextfile(cfg)
	if err == nil {
		err = daemon.WriteTextfile(path, a.facts(cfg), version(), runtime.Version())
	}
	if err != nil {
		a.log.Warn(fmt.Sprintf("write metrics to %s: %v", path, err))
	}
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
	looks, err := render.Tick(ctx, a.world(cfg, st, nil), opts, jobs)
	if a.refused.seen.Swap(false) && a.renewCredentials(ctx, cfg) {
		looks, err = render.Tick(ctx, a.world(cfg, st, nil), opts, jobs)
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

// usage is what this process has asked of AWS.
func (a *app) usage() daemon.Usage {
	var u awsconfig.Usage
	if a.stores.Meter != nil {
		u = a.stores.Meter.Usage()
	}
	return daemon.Usage{Requests: u.Requests, Retries: u.Retries, Throttled: u.Throttled, ReadUnits: u.ReadUnits}
}
