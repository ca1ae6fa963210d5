package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

type lintOptions struct {
	renderOptions
	strict bool
	output string
}

func newLint(a *app) *cobra.Command {
	o := &lintOptions{}
	c := &cobra.Command{
		Use:   "lint [SRC[:DEST]]... [KEY=VALUE]...",
		Short: "Check config and templates without AWS, and list their references",
		Long: `Parse config and templates and print every reference to a secret or to the machine,
including those in branches that a render would not take, and the next three runs of
each job with a schedule. Warnings go to standard error. 'credrender help authoring'
lists the rules.

With --output json, sarif or github, standard output has the warnings and errors: as
JSON with the references, as a SARIF log, or as annotations of a GitHub workflow.

With --fixtures, lint also warns of patterns that match nothing in the file.

lint accepts all flags of render, so that one command line works for both. Flags for
the course of a run, such as --wait and --no-hook, have no effect.`,
		Example: `  credrender lint -c credrender.yaml
  credrender lint --strict -o github`,
		RunE: func(c *cobra.Command, args []string) error { return runLint(c.Context(), a, o, args) },
	}
	o.register(c)
	c.Flags().BoolVar(&o.strict, "strict", false, "exit 2 on warnings")
	outputFlag(c, &o.output, "text|json|sarif|github", "text")
	hide(c, "wait", "allow-stale", "splay", "lock-timeout", "force", "no-hook", "stats")
	return c
}

func runLint(ctx context.Context, a *app, o *lintOptions, args []string) error {
	l := &linting{app: a, quiet: o.output != "text"}
	err := l.run(ctx, o, args)
	if err == nil {
		err = l.printErr
	}
	l.note("", err)
	if err := l.write(o.output); err != nil {
		return err
	}
	if n := l.warnings(); err == nil && o.strict && n > 0 {
		return usagef("%s, which --strict does not permit", count(n, "warning"))
	}
	return err
}

// linting is one run of lint.
type linting struct {
	app      *app
	quiet    bool // warnings go into the report alone
	findings []lintFinding
	refs     []lintRef
	printErr error                                               // of the first line that could not be printed
	lookIn   func(j *job.Job, pattern source.Ref) (matches bool) // nil: without fixtures
}

func (l *linting) run(ctx context.Context, o *lintOptions, args []string) error {
	a := l.app
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	l.noteConfig(cfg)
	a.log = slog.New(otherWarnings{a.log.Handler(), l})
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return err
	}
	w, err := a.renderEnv(cfg, nil, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	if o.fixtures != "" {
		l.lookIn = func(j *job.Job, pattern source.Ref) bool { return o.allowNoMatch || matches(ctx, w, j, pattern) }
	}
	jobs := append(sel.jobs, sel.stdout...)
	all := l.templates(ctx, cfg, jobs, sel.named)
	if err := l.schedules(jobs); err != nil {
		return err
	}
	w.Own = append(w.Own, sel.protected()...)
	a.protectJobs(&w, cfg, sel.jobs, o.force)
	for i, err := range render.Arrange(w, jobs, all) {
		if err != nil {
			l.failJob(&jobs[i], err)
		}
	}
	return nil
}

// templates reads and checks the templates of all jobs.
func (l *linting) templates(ctx context.Context, cfg *config.Config, jobs []job.Job, named map[string]bool) [][]job.Unit {
	var dests []string
	for _, j := range jobs {
		for _, f := range l.app.madeFiles(cfg, &j) {
			dests = append(dests, f.Dest)
		}
	}
	var shared sharing
	all := make([][]job.Unit, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		l.hook(j)
		l.patterns(j)
		sample := job.Sample(j, func(dir string) ([]string, error) { return l.app.tree(cfg, j, dir) })
		var err error
		all[i], err = job.Load(sample, nil, func(path string) ([]byte, error) { return l.app.readFile(cfg, j, path, named) })
		if err != nil {
			l.failJob(j, err)
		}
		for _, u := range all[i] {
			l.owner(ctx, j, u)
			l.unit(j, u, dests)
			shared.add(j, u)
		}
	}
	shared.warn(l)
	return all
}

// owner warns of an owner that a render on this machine would not find. It is no error:
// the config may be for another machine.
func (l *linting) owner(ctx context.Context, j *job.Job, u job.Unit) {
	if _, _, err := job.LookupOwner(ctx, u.File.Owner, u.File.Group); err != nil {
		l.warn(placeIn(u.File.Origin), ruleOwner, j.Name, fmt.Sprintf("%s: %s: %s", j.Name, source.Show(u.File.Dest), strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
}

// schedules prints when a daemon would run the jobs of the config.
func (l *linting) schedules(jobs []job.Job) error {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j job.Job) bool { return !isConfigured(&j) })
	if err := l.app.checkSchedules(jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		if runs := nextRuns(&j, "", time.Now()); runs != "" {
			l.print("%s: %s: schedule %s: next runs %s\n", j.Origin, j.Name, j.Schedule, runs)
		}
	}
	return nil
}

// print prints a line of the text form.
func (l *linting) print(format string, args ...any) {
	if !l.quiet && l.printErr == nil {
		l.printErr = printf(l.app.stdout, format, args...)
	}
}

// patterns prints the patterns of for_each. One that scans a table on a schedule has the
// warning that the function secrets has.
func (l *linting) patterns(j *job.Job) {
	at := placeIn(j.Origin)
	for _, pattern := range j.Patterns() {
		if !j.Schedule.IsZero() && pattern.Source == "" {
			l.warn(at, string(template.Wildcard), j.Name, fmt.Sprintf("%s: for_each %s reads the whole table: on a schedule only full_refresh does that", j.Name, source.Show(pattern.Text())))
		}
		if l.lookIn != nil && !l.lookIn(j, pattern) {
			l.warn(at, ruleNoMatch, j.Name, "the pattern "+source.Show(pattern.Text())+" matches nothing in the fixtures")
		}
		l.ref(at, j, "names "+source.Show(pattern.Text()))
	}
}

// hook warns of a hook that can wait for itself. The daemon runs the hooks of scheduled
// jobs after its own start, so only the others are at risk.
func (l *linting) hook(j *job.Job) {
	instead := hook.WithoutWaiting(j.Hook)
	if instead == "" || !j.Schedule.IsZero() {
		return
	}
	l.warn(placeIn(j.Origin), ruleHookWaits, j.Name, fmt.Sprintf("%s: the hook waits for systemd: in a oneshot or timer unit and at boot it can wait for a service that waits for that unit, until it times out; write %s, which succeeds when systemd has queued the job",
		j.Name, instead))
}

func (l *linting) unit(j *job.Job, u job.Unit, dests []string) {
	if !u.File.Check.IsZero() && !hook.ReadsStaged(u.File.Check) {
		l.warn(placeIn(u.File.Origin), ruleCheck, j.Name, fmt.Sprintf("the check of %s does not use {{.src}}, so it cannot test the new file: use verify for a command that reads the destination", u.File.Dest))
	}
	if u.Template == nil {
		if u.Ref.Name != "" { // else a copy, or its parse error has been reported
			l.ref(placeIn(u.File.Origin), j, "secret "+u.Ref.String())
		}
		return
	}
	for _, r := range u.Template.Refs() {
		at := place{r.Template, r.Line, r.Col}
		if r.Err != nil {
			l.failJob(j, &usageError{fmt.Errorf("%s: %w", at, r.Err)})
			continue
		}
		what := r.Query.String()
		if r.Dynamic {
			what = string(r.Kind) + " (computed)"
		} else if r.Kind == template.Secrets && l.lookIn != nil && !l.lookIn(j, r.Query.Ref) {
			l.warn(at, ruleNoMatch, j.Name, "the pattern "+source.Show(r.Query.Ref.Text())+" matches nothing in the fixtures")
		}
		l.ref(at, j, what)
	}
	opts := template.LintOptions{Dest: u.File.Dest, Format: u.File.Format, Scheduled: !j.Schedule.IsZero(), Dests: dests}
	opts.Dest = cmp.Or(opts.Dest, u.File.Src) // standard output: by the template's name
	for _, f := range u.Template.Lint(opts) {
		l.warn(place{f.Template, f.Line, f.Col}, string(f.Rule), j.Name, f.Message)
	}
}

// ref records a reference, and prints it in the text form.
func (l *linting) ref(at place, j *job.Job, what string) {
	l.refs = append(l.refs, lintRef{at, j.Name, what})
	l.print("%s: %s\n", at, what)
}

// matches reports whether the fixtures have anything for a pattern, or the job permits
// that they have not.
func matches(ctx context.Context, w render.Env, j *job.Job, pattern source.Ref) bool {
	if slices.ContainsFunc(j.AllowNoMatch, func(allowed string) bool { return source.Match(allowed, pattern.Text()) }) {
		return true
	}
	src, err := w.Open(ctx, j.Store, pattern.Source)
	globber, ok := src.(source.Globber)
	if err != nil || !ok {
		return true
	}
	found, err := globber.Glob(ctx, pattern)
	return err != nil || len(found) > 0
}
