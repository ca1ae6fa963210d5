package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

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
		Short: "Show what render would change, without secrets, and change nothing",
		Long: `Render in memory and compare with the disk. What depends on a secret reads
(secret NAME); a line that would go away is shown only where it equals text of
the template, and reads (hidden) otherwise.

It takes all flags of render, so that one command line serves for both; those
that say how a run goes, such as --wait and --splay, change nothing here. It exits
with the code that render would exit with, for all that can be known without
writing: formats, key pairs, missing or read-only directories, owners. No check
or verify is run.

With --detailed-exitcode: 0 nothing would change, 1 any error, 2 changes.`,
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

// asksForDetail looks for --detailed-exitcode in a command line whose flags are
// at fault: 2 would say there that something would change.
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
	if len(sel.stdout) > 0 {
		return false, usagef("plan compares with a destination: %s needs one, as SRC:DEST", sel.stdout[0].Files[0].Src)
	}
	a.meter(o.stats)
	st, err := a.planState(cfg)
	if err != nil {
		return false, err
	}
	w, err := a.renderWorld(cfg, st, sel.named, &o.jobFlags)
	if err != nil {
		return false, err
	}
	planned, stats, err := render.Plan(ctx, w, render.Options{
		Timeout: cfg.Settings.Timeout, AcceptRemoved: o.acceptRemoved, NoHook: o.noHook, Force: o.force, AllowNoMatch: o.allowNoMatch,
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
func (a *app) showPlan(p *render.Planned, noHook bool) (changes bool) {
	if err := p.Err(); err != nil {
		a.failJob(p.Job, err)
		return false
	}
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
	told := len(p.Changed()) > 0 || p.Owed
	if told && !noHook && !p.Job.Hook.IsZero() {
		why := ""
		if len(p.Changed()) == 0 {
			why = " (owed since an earlier run)"
		}
		fmt.Fprintf(&b, "hook       %s%s\n", render.Show(p.Job.Hook), why)
		changes = true
	}
	if _, err := fmt.Fprint(a.stdout, b.String()); err != nil {
		a.fail(fmt.Errorf("write to standard output: %w", err))
	}
	return changes
}
