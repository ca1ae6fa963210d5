package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/template"
)

type renderOptions struct {
	jobFlags
	wait, allowStale   time.Duration
	splay, lockTimeout time.Duration
	noHook, force      bool
	stats              bool
	tick, changed      bool // for the daemon alone
}

func (o *renderOptions) register(c *cobra.Command) {
	o.jobFlags.register(c)
	o.registerRun(c)
}

// registerRun adds what says how a run goes, whatever it renders.
func (o *renderOptions) registerRun(c *cobra.Command) {
	fl := c.Flags()
	fl.DurationVar(&o.wait, "wait", 0, "keep trying for `DURATION` what may heal: new roles, throttling, network")
	fl.DurationVar(&o.allowStale, "allow-stale", 0, "with AWS out of reach, let files stand that were right no longer than `DURATION` ago")
	splayFlag(c, &o.splay)
	fl.DurationVar(&o.lockTimeout, "lock-timeout", time.Minute, "how long to wait for another run, `DURATION`")
	fl.BoolVar(&o.noHook, "no-hook", false, "run no hook and owe none (image builds)")
	fl.BoolVar(&o.force, "force", false, "look at everything again, and install what verify has refused")
	fl.BoolVar(&o.stats, "stats", false, "say what was asked of AWS and where the time went")
}

func newRender(a *app) *cobra.Command {
	o := &renderOptions{}
	c := &cobra.Command{
		Use:     "render [SRC[:DEST]]...",
		Aliases: []string{"render-templates"},
		Short:   "Render templates once",
		Long: `Render the jobs of the config, or each SRC:DEST of the command line as a job
of its own. SRC alone, or SRC:-, goes to standard output; several are printed one
after the other. - as SRC is standard input. A job that reads the destination of
another is rendered after it.

A run that changes nothing says nothing and runs nothing. Its look for changes
may miss a version that was put less than about a second before: in a script,
put NAME @FILE && render --force.`,
		Example: `  credrender render                                   # all jobs of the config
  credrender render nginx.conf.tmpl                   # look at one
  credrender render app.tmpl:/etc/app.conf --mode 0640 --group app \
    --context env=prod --hook 'systemctl try-restart app'`,
		RunE: func(c *cobra.Command, args []string) error { return runRender(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().BoolVar(&o.tick, "tick", false, "")
	c.Flags().BoolVar(&o.changed, "changed", false, "")
	hide(c, "tick", "changed")
	return c
}

// hide leaves flags out of the help.
func hide(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = c.Flags().MarkHidden(name) // it is there
	}
}

func runRender(ctx context.Context, a *app, o *renderOptions, args []string) error {
	if o.tick {
		var err error
		if ctx, err = a.asTick(ctx); err != nil {
			return err
		}
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return err
	}
	return a.render(ctx, cfg, o, sel)
}

// render is what render and pull have in common.
func (a *app) render(ctx context.Context, cfg *config.Config, o *renderOptions, sel selection) error {
	if err := sleep(ctx, schedule.Splay(a.machine(), o.splay)); err != nil {
		return err
	}
	a.meter(o.stats)
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
	if sel.jobs = a.withoutHeld(st, sel.jobs, o.force); len(sel.jobs) == 0 {
		return nil
	}
	w, err := a.renderWorld(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	w.Own = append(w.Own, sel.own()...)
	return a.renderUntilHealed(ctx, w, a.options(cfg, o), sel.jobs, o)
}

// renderUntilHealed renders, and again what may heal, until --wait is over.
// Jobs that are ready never wait for those that are not: each round installs
// and tells what it can, and gives up the lock.
func (a *app) renderUntilHealed(ctx context.Context, w render.World, opts render.Options, jobs []job.Job, o *renderOptions) error {
	deadline := time.Now().Add(o.wait)
	for pause := 2 * time.Second; ; pause = min(2*pause, 30*time.Second) {
		last := time.Until(deadline) < pause
		report, err := render.Run(ctx, w, opts, jobs)
		again := a.report(report, err == nil && !last)
		if o.stats {
			a.stats(report.Stats)
		}
		if err != nil || len(again) == 0 {
			return err
		}
		jobs = again
		// Hosts that met the same fault at the same time come back apart.
		if err := sleep(ctx, pause/2+rand.N(pause/2)); err != nil { //nolint:gosec // no secret depends on it
			return err
		}
	}
}

func (a *app) options(cfg *config.Config, o *renderOptions) render.Options {
	opts := render.Options{
		Timeout: cfg.Settings.Timeout, LockTimeout: o.lockTimeout, AllowStale: o.allowStale,
		FullRefresh: cfg.Settings.FullRefresh, Changed: o.changed, Patient: o.tick, NoHook: o.noHook, Force: o.force, AcceptRemoved: o.acceptRemoved, AllowNoMatch: o.allowNoMatch, Code: exitCode,
	}
	if len(cfg.Broken) == 0 {
		opts.Configs = cfg.Files
		for _, j := range cfg.Jobs {
			opts.IDs = append(opts.IDs, j.ID)
		}
	}
	return opts
}

// renderToStdout prints each SRC, all or nothing.
func (a *app) renderToStdout(ctx context.Context, cfg *config.Config, o *renderOptions, sel selection) error {
	st, err := a.openState(cfg, true)
	if err != nil {
		return err
	}
	w, err := a.renderWorld(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	var out []template.Output
	for _, j := range sel.stdout {
		files, stats, err := render.Bytes(ctx, w, a.options(cfg, o), j)
		if o.stats {
			a.stats(stats)
		}
		if err != nil {
			a.failJob(&j, err)
			continue
		}
		out = append(out, files.Outputs...)
	}
	if a.code != exitOK {
		return nil
	}
	for _, file := range out {
		if _, err := a.stdout.Write(file.Bytes); err != nil {
			return fmt.Errorf("write to standard output: %w", err)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
