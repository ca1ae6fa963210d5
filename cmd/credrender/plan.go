package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/template/mask"
)

type planOptions struct {
	renderOptions
	detailed bool
}

func newPlan(a *app) *cobra.Command {
	o := &planOptions{}
	c := &cobra.Command{
		Use:   "plan [SRC:DEST]...",
		Short: "Show what render would change, with secrets masked",
		Long: `Render in memory and compare with the disk. Nothing is changed. Text that depends on
a secret is shown as (secret NAME). A removed line is shown only if it equals text of
the template, otherwise as (hidden).

plan accepts all flags of render, so that one command line works for both. Flags for
the course of a run, such as --wait and --splay, have no effect. The exit code is that
of render for all errors that occur without writing: formats, key pairs, missing or
read-only directories, owners. No check and no verify command runs.

With --detailed-exitcode: 0 no changes, 1 any error, 2 changes.`,
		Example: `  credrender plan --detailed-exitcode`,
		RunE:    func(c *cobra.Command, args []string) error { return runPlan(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit 2 if something would change, 1 on any error")
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
	for _, p := range planned {
		changes = a.showPlan(p, o.noHook) || changes
	}
	if o.stats {
		a.stats(stats)
	}
	return changes, err
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

// showPlan prints one job and reports whether a render would do anything.
func (a *app) showPlan(p *render.Plan, noHook bool) (changes bool) {
	if err := p.Err(); err != nil {
		a.failJob(p.Job, err)
		return false
	}
	a.warnOverridden(p.Job.Name, untilNextRun, p.Overridden())
	var b strings.Builder
	for i, c := range p.Changes {
		fmt.Fprintf(&b, "%-9s  %s\n", c.Kind, mask.Visible(c.Path))
		switch c.Kind {
		case job.Create, job.Update:
			b.WriteString(mask.Diff(c.Path, c.Old.Data, p.Texts[i]))
		case job.ModeOnly:
			fmt.Fprintf(&b, "  mode %04o, owner %d:%d; now %04o, %d:%d\n", c.Mode, c.UID, c.GID, c.Old.Mode, c.Old.UID, c.Old.GID)
		}
		changes = changes || c.Kind != job.Unchanged
	}
	if runs := nextRuns(p.Job, a.machine(), time.Now()); runs != "" && isConfigured(p.Job) {
		fmt.Fprintf(&b, "next runs  %s\n", runs)
	}
	hookRuns := len(p.Changed()) > 0 || p.HookPending
	if hookRuns && !noHook && !p.Job.Hook.IsZero() {
		why := ""
		if len(p.Changed()) == 0 {
			why = " (pending since an earlier run)"
		}
		fmt.Fprintf(&b, "hook       %s%s\n", render.Show(p.Job.Hook), why)
		changes = true
	}
	if err := printf(a.stdout, "%s", b.String()); err != nil {
		a.fail(err)
	}
	return changes
}
