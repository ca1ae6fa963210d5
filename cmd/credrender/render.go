package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

type renderOptions struct {
	jobFlags
	wait, allowStale   time.Duration
	splay, lockTimeout time.Duration
	noHook, force      bool
	stats              bool
	bootWait           time.Duration     // render only
	given              *render.Overrides // from --override
	deferHooks         bool
	tick, changed      bool // set by the daemon only
}

func (o *renderOptions) register(c *cobra.Command) {
	o.jobFlags.register(c)
	o.registerRun(c)
	overrideFlag(c, &o.overrides)
}

// registerRun adds the flags for the course of a run.
func (o *renderOptions) registerRun(c *cobra.Command) {
	fl := c.Flags()
	fl.DurationVar(&o.wait, "wait", 0, "retry temporary failures for `DURATION`: new roles, throttling, network")
	fl.DurationVar(&o.allowStale, "allow-stale", 0, "if AWS is out of reach, keep files last verified within `DURATION`")
	fl.DurationVar(&o.splay, "splay", 0, "first wait for this host's fixed share of `DURATION`")
	fl.DurationVar(&o.lockTimeout, "lock-timeout", time.Minute, "wait up to `DURATION` for another run to end")
	fl.BoolVar(&o.noHook, "no-hook", false, "run no hook and leave none pending (image builds)")
	fl.BoolVar(&o.deferHooks, "defer-hooks", false, "leave hooks pending for the next run (a unit at boot that services wait for)")
	fl.BoolVar(&o.force, "force", false, "render without a change check, and install files that verify refused before")
	fl.BoolVar(&o.stats, "stats", false, "print the requests to AWS and the time of each phase")
}

func newRender(a *app) *cobra.Command {
	o := &renderOptions{}
	c := &cobra.Command{
		Use:     "render [SRC[:DEST]]... [KEY=VALUE]...",
		Aliases: []string{"render-templates"},
		Short:   "Render templates once",
		Long: `Render the jobs of the config, or each SRC:DEST as a job of its own. SRC without
DEST, or SRC:-, goes to standard output; several are printed one after another. SRC
may be - for standard input. A job that reads the destination of another job is
rendered after it. KEY=VALUE is the default encryption context, as with --context; a
file of such a name is written ./KEY=VALUE.

A run that changes nothing prints nothing and runs nothing. Its change check may miss
a version that was put less than about a second before. In a script, use
put NAME @FILE && render --force.

--override renders a value from a file in place of a secret's, for emergencies. The
next run without it renders the secret's value again: 'credrender help aws-down'.`,
		Example: `  credrender render                                   # all jobs of the config
  credrender render nginx.conf.tmpl                   # print one
  credrender render app.tmpl:/etc/app.conf env=prod --mode 0640 --group app \
    --hook 'systemctl try-restart app'`,
		RunE: func(c *cobra.Command, args []string) error { return runRender(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().DurationVar(&o.bootWait, "boot-wait", 0, "with --allow-stale: if all files are in place, wait `DURATION` for AWS (a unit at boot)")
	c.Flags().BoolVar(&o.tick, "tick", false, "")
	c.Flags().BoolVar(&o.changed, "changed", false, "")
	hide(c, "tick", "changed")
	return c
}

// hide removes flags from the help.
func hide(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = c.Flags().MarkHidden(name) // fails only for an unknown name
	}
}

func runRender(ctx context.Context, a *app, o *renderOptions, args []string) error {
	if o.tick {
		var err error
		if ctx, err = a.becomeChild(ctx); err != nil {
			return err
		}
	}
	if o.noHook && o.deferHooks {
		return usagef("--no-hook leaves no hook pending, and --defer-hooks does: give one of them")
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err == nil {
		err = o.takeOverrides(a, cfg)
	}
	if err != nil {
		return err
	}
	return a.render(ctx, cfg, o, sel)
}

// render renders a selection, for render, pull and exec --file.
func (a *app) render(ctx context.Context, cfg *config.Config, o *renderOptions, sel selection) error {
	if err := a.waitSplay(ctx, o.splay); err != nil {
		return err
	}
	a.meter(o.stats || o.tick)
	if len(sel.stdout) > 0 {
		if err := a.renderToStdout(ctx, cfg, o, sel); err != nil {
			return err
		}
	}
	if len(sel.jobs) == 0 {
		return nil
	}
	a.readPipes(cfg, sel.jobs, sel.named)
	st, err := a.openState(cfg, false)
	if err != nil {
		return err
	}
	if st != nil {
		defer st.Close()
	}
	defer a.writeTextfile(cfg)
	if sel.jobs = a.withoutHeld(st, sel.jobs, o.force); len(sel.jobs) == 0 {
		return o.refuseHeld()
	}
	o.moreRuns(false)
	w, err := a.renderEnv(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	w.Own = append(w.Own, sel.protected()...)
	a.protectJobs(&w, cfg, sel.jobs, o.force)
	if o.bootWait > 0 && !a.allInstalled(st, sel.jobs) {
		o.bootWait = 0
	}
	return a.renderWithRetries(ctx, w, a.options(cfg, o), sel.jobs, o)
}

// firstPause is the pause before the first retry; later ones double.
const firstPause = 2 * time.Second

// renderWithRetries renders, and retries jobs with a temporary failure until --wait has
// passed. Each attempt installs the jobs that are ready and then releases the lock, so
// that no job waits for another. With --boot-wait the first attempt is a short one; jobs
// whose files --allow-stale does not keep have the usual time after it.
func (a *app) renderWithRetries(ctx context.Context, w render.Env, opts render.Options, jobs []job.Job, o *renderOptions) error {
	deadline := time.Now().Add(o.wait)
	for pause := firstPause; ; pause = min(2*pause, 30*time.Second) {
		isShort := o.bootWait > 0 && pause == firstPause
		last := time.Until(deadline) < pause && !isShort
		attempt := opts
		if isShort {
			attempt.Timeout = min(cmp.Or(opts.Timeout, o.bootWait), o.bootWait)
		}
		report, err := render.Run(ctx, w, attempt, jobs)
		again := a.report(report, err == nil && !last)
		a.sendReport(report)
		if o.stats {
			a.stats(report.Stats)
		}
		if err != nil || len(again) == 0 {
			return err
		}
		jobs = again
		// Spread the retries of hosts that failed at the same time.
		if err := a.waitRetry(ctx, pause/2+rand.N(pause/2)); err != nil { //nolint:gosec // no secret depends on it
			return err
		}
	}
}

func (a *app) options(cfg *config.Config, o *renderOptions) render.Options {
	opts := render.Options{
		Timeout: cfg.Settings.Timeout, LockTimeout: o.lockTimeout, AllowStale: o.allowStale,
		FullRefresh: cfg.Settings.FullRefresh, Changed: o.changed, Patient: o.tick, NoHook: o.noHook, DeferHooks: o.deferHooks, RunID: a.runID, BeforeHooks: a.mayRunHooks, Stop: a.stop, Force: o.force, AcceptRemoved: o.acceptRemoved, AllowNoMatch: o.allowNoMatch,
		Overrides: o.given, Code: exitCode,
	}
	if len(cfg.Broken) == 0 {
		opts.Configs = cfg.Files
		for _, j := range cfg.Jobs {
			opts.IDs = append(opts.IDs, j.ID)
		}
	}
	return opts
}

// renderToStdout prints each SRC, or nothing if one fails.
func (a *app) renderToStdout(ctx context.Context, cfg *config.Config, o *renderOptions, sel selection) error {
	st, err := a.openState(cfg, true)
	if err != nil {
		return err
	}
	w, err := a.renderEnv(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	var out []template.Output
	for i, j := range sel.stdout {
		o.moreRuns(i < len(sel.stdout)-1 || len(sel.jobs) > 0)
		files, stats, err := render.Bytes(ctx, w, a.options(cfg, o), j)
		if o.stats {
			a.stats(stats)
		}
		if err != nil {
			a.failJob(&j, err)
			continue
		}
		a.warnOverridden(j.Name, "", files.Overridden)
		out = append(out, files.Outputs...)
	}
	if a.code != exitOK {
		return nil
	}
	for _, file := range out {
		if err := a.writeContent(file.Bytes); err != nil {
			return fmt.Errorf("the rendered file: %w", err)
		}
	}
	return nil
}

// env returns what a render sees of this machine: clock, environment, files and stores.
func (a *app) env(cfg *config.Config, st *state.Dir, named map[string]bool) render.Env {
	w := render.Env{
		Open: a.stores.Source, Account: a.stores.Account, Home: a.home(), Disk: txn.Disk{FS: a.fs}, State: st,
		Host: template.Host{LookupEnv: a.lookupEnv, Environ: func() []string { return a.environ }, Hostname: os.Hostname, Now: time.Now, LoadLocation: time.LoadLocation},
	}
	w.StampFile, w.Version, w.Own = fsys.Stamp, version(), a.protected(cfg)
	w.LockToken, _ = a.lookupEnv(render.LockEnv)
	w.StateDirEnv, _ = a.lookupEnv("CREDRENDER_STATE_DIR")
	if a.globals.given()["state-dir"] != "" {
		w.StateDirEnv = cfg.Settings.StateDir // absolute: a command may have another directory
	}
	w.ReadFile = func(j *job.Job, path string) ([]byte, error) { return a.readFile(cfg, j, path, named) }
	w.Tree = func(j *job.Job, dir string) ([]string, error) { return a.tree(cfg, j, dir) }
	w.Host.SaltKey = func() ([]byte, error) {
		if st == nil {
			return nil, errors.New("htpasswd needs a state directory, which holds this host's key for salts")
		}
		return st.HostKey()
	}
	return w
}

// renderEnv returns env with the answers of --fixtures in place of AWS and the machine.
func (a *app) renderEnv(cfg *config.Config, st *state.Dir, named map[string]bool, f *jobFlags) (render.Env, error) {
	w := a.env(cfg, st, named)
	w.Own = append(w.Own, a.protectedFile("the file of --vars", f.varsFile)...)
	w.Own = append(w.Own, a.protectedFile("the file of --fixtures", f.fixtures)...)
	w.Own = append(w.Own, a.protectedOverrides(f.overrides)...)
	var err error
	if w.Disk.Root, err = a.root(f.root); err != nil || f.fixtures == "" {
		return w, err
	}
	data, err := a.readNamed(f.fixtures)
	if err != nil {
		return w, err
	}
	set, err := secretfile.ParseFixtures(f.fixtures, data)
	if err != nil {
		return w, &usageError{err}
	}
	w.Open = func(context.Context, job.Store, string) (source.Source, error) { return set, nil }
	w.StampFile, w.Account = nil, nil
	w.Host.SaltKey = func() ([]byte, error) { return []byte(secretfile.PublicSalt), nil }
	if set.Env != nil {
		w.Host.LookupEnv = func(name string) (string, bool) { v, ok := set.Env[name]; return v, ok }
		w.Host.Environ = func() (all []string) {
			for name, value := range set.Env {
				all = append(all, name+"="+value)
			}
			return all
		}
	}
	if set.Hostname != "" {
		w.Host.Hostname = func() (string, error) { return set.Hostname, nil }
	}
	if !set.Now.IsZero() {
		w.Host.Now = func() time.Time { return set.Now.Time }
	}
	read := w.ReadFile
	w.ReadFile = func(j *job.Job, path string) ([]byte, error) {
		if v, ok := set.File[path]; ok {
			return v.Reveal(), nil
		}
		return read(j, path)
	}
	return w, nil
}
