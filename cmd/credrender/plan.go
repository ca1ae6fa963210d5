package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
)

type planOptions struct {
	renderOptions
	detailed      bool
	output, color string
}

func newPlan(a *app) *cobra.Command {
	o := &planOptions{}
	c := &cobra.Command{
		Use:   "plan [SRC:DEST]... [KEY=VALUE]...",
		Short: "Show what render would change, with secrets masked",
		Long: `Render in memory and compare with the disk. Nothing is changed. Text that depends on
a secret is shown as (secret NAME). A removed line is shown only if it equals text of
the template, otherwise as (hidden). Below the files of a job are the secrets of which
another version is in place, if the state directory has it. The last line counts.

plan accepts all flags of render, so that one command line works for both. Flags for
the course of a run, such as --wait and --splay, have no effect. The exit code is that
of render for all errors that occur without writing: formats, key pairs, missing or
read-only directories, owners. No check and no verify command runs.

With --detailed-exitcode: 0 no changes, 1 any error, 2 changes.`,
		Example: `  credrender plan --detailed-exitcode
  credrender plan --color always | less -R`,
		RunE: func(c *cobra.Command, args []string) error { return runPlan(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit 2 if something would change, 1 on any error")
	outputFlag(c, &o.output, "text|json", "text")
	colorFlag(c, &o.color)
	hide(c, "wait", "allow-stale", "splay", "lock-timeout", "force")
	return c
}

func runPlan(ctx context.Context, a *app, o *planOptions, args []string) error {
	changes, err := a.plan(ctx, o, args)
	if err != nil {
		a.fail(err)
	}
	switch {
	case !o.detailed:
	case a.code != exitOK:
		a.code = exitFailed
	case changes:
		a.code = exitChanges
	}
	return nil
}

// asksForDetail reports whether a command line with a usage error contains
// --detailed-exitcode, where exit code 2 would mean changes.
func asksForDetail(args []string) bool {
	return slices.ContainsFunc(args, func(s string) bool {
		name, value, _ := strings.Cut(s, "=")
		return name == "--detailed-exitcode" && value != "false"
	})
}

func (a *app) plan(ctx context.Context, o *planOptions, args []string) (changes bool, err error) {
	cfg, err := a.config(ctx)
	if err != nil {
		return false, err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return false, err
	}
	if err := o.takeOverrides(a, cfg); err != nil {
		return false, err
	}
	if len(sel.stdout) > 0 {
		return false, usagef("plan compares with a destination: write %s:DEST", sel.stdout[0].Files[0].Src)
	}
	a.meter(o.stats)
	st, err := a.planState(cfg)
	if err != nil {
		return false, err
	}
	if sel.jobs = a.withoutHeld(st, sel.jobs, o.force); len(sel.jobs) == 0 {
		return false, o.refuseHeld()
	}
	w, err := a.renderEnv(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return false, err
	}
	a.protectJobs(&w, cfg, sel.jobs, o.force)
	if err := a.checkSchedules(slices.DeleteFunc(slices.Clone(sel.jobs), func(j job.Job) bool { return !isConfigured(&j) })); err != nil {
		return false, err
	}
	planned, stats, err := render.DryRun(ctx, w, render.Options{
		Timeout: cfg.Settings.Timeout, AcceptRemoved: o.acceptRemoved, NoHook: o.noHook, Force: o.force, AllowNoMatch: o.allowNoMatch, Overrides: o.given,
	}, sel.jobs)
	changes, errShow := a.showPlans(planned, o)
	if o.stats {
		a.stats(stats)
	}
	return changes, errors.Join(err, errShow)
}

// planState opens the state as openState does for a run, except that it makes nothing.
func (a *app) planState(cfg *config.Config) (*state.Dir, error) {
	st, err := a.openState(cfg, true)
	if st != nil || err != nil || cfg.Settings.StateDir == "" {
		return st, err
	}
	if _, err := a.readState(cfg); !errors.Is(err, fs.ErrPermission) {
		return nil, err // a run would end with it
	}
	return nil, nil
}

// showPlans prints what a render would do, and reports whether that is anything.
func (a *app) showPlans(planned []*render.Plan, o *planOptions) (changes bool, err error) {
	r, hooks := planReport{Jobs: []planJob{}}, map[string]bool{}
	for _, p := range planned {
		one := a.showPlan(p, o)
		changes = changes || one.changes()
		r.add(one, hooks)
	}
	switch {
	case o.output == "json":
		return changes, a.printJSON(r)
	case r.Summary.isEmpty():
		return changes, nil
	}
	return changes, printf(a.stdout, "%s", r.Summary.text())
}

// showPlan prints one job, unless the report does.
func (a *app) showPlan(p *render.Plan, o *planOptions) planJob {
	if err := p.Err(); err != nil {
		out := planJob{Job: p.Job.Name}
		out.Config, _ = job.ConfigOf(p.Job.ID, p.Job.Name)
		for _, e := range flatten(err) {
			out.Errors = append(out.Errors, e.Error())
		}
		a.failJob(p.Job, err)
		return out
	}
	a.warnOverridden(p.Job.Name, untilNextRun, p.Overridden())
	out := a.planOf(p, o.noHook)
	if o.output != "json" {
		if err := a.write([]byte(out.text(a.colors(o.color)))); err != nil {
			a.fail(err)
		}
	}
	return out
}
