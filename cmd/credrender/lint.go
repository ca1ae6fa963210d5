package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

func newLint(a *app) *cobra.Command {
	o := &renderOptions{}
	c := &cobra.Command{
		Use:   "lint [SRC[:DEST]]...",
		Short: "Check config and templates without AWS, and list their references",
		Long: `Parse config and templates and print every reference to a secret or to the machine,
including those in branches that a render would not take, and the next three runs of
each job with a schedule. Warnings go to standard error.

lint accepts all flags of render, so that one command line works for both. Flags for
the course of a run, such as --wait and --no-hook, have no effect.`,
		Example: "  credrender lint -c credrender.yaml",
		RunE:    func(c *cobra.Command, args []string) error { return runLint(c.Context(), a, o, args) },
	}
	o.register(c)
	hide(c, "wait", "allow-stale", "splay", "lock-timeout", "force", "no-hook", "stats")
	return c
}

func runLint(ctx context.Context, a *app, o *renderOptions, args []string) error {
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	sel, err := a.selectJobs(cfg, args, &o.jobFlags)
	if err != nil {
		return err
	}
	jobs := append(sel.jobs, sel.stdout...)
	var dests []string
	for _, j := range jobs {
		for _, f := range a.madeFiles(cfg, &j) {
			dests = append(dests, f.Dest)
		}
	}
	var shared sharing
	all := make([][]job.Unit, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		a.lintHook(j)
		if err := a.lintPatterns(j); err != nil {
			return err
		}
		sample := job.Sample(j, func(dir string) ([]string, error) { return a.tree(cfg, j, dir) })
		all[i], err = job.Load(sample, nil, func(path string) ([]byte, error) { return a.readFile(cfg, j, path, sel.named) })
		if err != nil {
			a.failJob(j, err)
		}
		for _, u := range all[i] {
			if err := a.lintUnit(j, u, dests); err != nil {
				return err
			}
			shared.add(j, u)
		}
	}
	shared.warn(a)
	if err := a.lintSchedules(jobs); err != nil {
		return err
	}
	w, err := a.renderEnv(cfg, nil, sel.named, &o.jobFlags)
	if err != nil {
		return err
	}
	w.Own = append(w.Own, sel.protected()...)
	a.protectJobs(&w, cfg, sel.jobs, o.force)
	for i, err := range render.Arrange(w, jobs, all) {
		if err != nil {
			a.failJob(&jobs[i], err)
		}
	}
	return nil
}

// lintSchedules prints when a daemon would run the jobs of the config.
func (a *app) lintSchedules(jobs []job.Job) error {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j job.Job) bool { return !isConfigured(&j) })
	if err := a.checkSchedules(jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		runs := nextRuns(&j, "", time.Now())
		if runs == "" {
			continue
		}
		if err := printf(a.stdout, "%s: %s: schedule %s: next runs %s\n", j.Origin, j.Name, j.Schedule, runs); err != nil {
			return err
		}
	}
	return nil
}

// lintPatterns prints the patterns of for_each. One that scans a table on a schedule has
// the warning that the function secrets has.
func (a *app) lintPatterns(j *job.Job) error {
	for _, pattern := range j.Patterns() {
		if !j.Schedule.IsZero() && pattern.Source == "" {
			a.log.Warn(fmt.Sprintf("%s: %s: for_each %s reads the whole table: on a schedule only full_refresh does that", j.Origin, j.Name, source.Show(pattern.Text())),
				"rule", template.Wildcard, "job", j.Name)
		}
		if err := printf(a.stdout, "%s: names %s\n", j.Origin, source.Show(pattern.Text())); err != nil {
			return err
		}
	}
	return nil
}

// lintHook warns of a hook that can wait for itself. The daemon runs the hooks of
// scheduled jobs after its own start, so only the others are at risk.
func (a *app) lintHook(j *job.Job) {
	instead := hook.WithoutWaiting(j.Hook)
	if instead == "" || !j.Schedule.IsZero() {
		return
	}
	a.log.Warn(fmt.Sprintf("%s: %s: the hook waits for systemd: in a oneshot or timer unit and at boot it can wait for a service that waits for that unit, until it times out; write %s, which succeeds when systemd has queued the job",
		j.Origin, j.Name, instead), "rule", "hook-waits", "job", j.Name)
}

func (a *app) lintUnit(j *job.Job, u job.Unit, dests []string) error {
	if !u.File.Check.IsZero() && !hook.ReadsStaged(u.File.Check) {
		a.log.Warn(fmt.Sprintf("%s: the check of %s does not use {{.src}}, so it cannot judge the new file: a command that reads the destination is a verify", u.File.Origin, u.File.Dest),
			"rule", "check", "job", j.Name)
	}
	if u.Template == nil {
		if u.Ref.Name == "" {
			return nil // a copy, or its parse error has been reported
		}
		return printf(a.stdout, "%s: secret %s\n", u.File.Origin, u.Ref)
	}
	for _, r := range u.Template.Refs() {
		if r.Err != nil {
			a.failJob(j, &usageError{fmt.Errorf("%s:%d:%d: %w", r.Template, r.Line, r.Col, r.Err)})
			continue
		}
		what := r.Query.String()
		if r.Dynamic {
			what = string(r.Kind) + " (computed)"
		}
		if err := printf(a.stdout, "%s:%d:%d: %s\n", r.Template, r.Line, r.Col, what); err != nil {
			return err
		}
	}
	opts := template.LintOptions{Dest: u.File.Dest, Format: u.File.Format, Scheduled: !j.Schedule.IsZero(), Dests: dests}
	for _, f := range u.Template.Lint(opts) {
		a.log.Warn(fmt.Sprintf("%s:%d:%d: %s", f.Template, f.Line, f.Col, f.Message), "rule", f.Rule, "job", j.Name)
	}
	return nil
}

// sharing finds contexts that are used both for objects in S3 and for items of a table.
// A KMS ciphertext does not contain its purpose: a user who may encrypt chosen text for
// S3 knows an encrypted data key with its plaintext, and could write an item under it.
type sharing struct {
	blobs, items map[source.Context]string // the first place that reads each
	order        []source.Context
}

// add records the named references of a file.
func (s *sharing) add(j *job.Job, u job.Unit) {
	if u.Template == nil {
		s.note(j, u.Ref, u.File.Origin)
		return
	}
	for _, r := range u.Template.Refs() {
		if !r.Dynamic && (r.Kind == template.Secret || r.Kind == template.Secrets) {
			s.note(j, r.Query.Ref, fmt.Sprintf("%s:%d:%d", r.Template, r.Line, r.Col))
		}
	}
}

func (s *sharing) note(j *job.Job, ref source.Ref, at string) {
	kind := j.Store.Kind
	if named, ok := j.Store.Named(ref.Source); ok {
		kind = named.Kind
	} else if ref.Source != "" {
		kind = ref.Source
	}
	if ref.Name == "" || kind != backend.S3 && kind != backend.DynamoDB {
		return
	}
	if s.blobs == nil {
		s.blobs, s.items = map[source.Context]string{}, map[source.Context]string{}
	}
	of := s.items
	if kind == backend.S3 {
		of = s.blobs
	}
	if of[ref.Context] != "" {
		return
	}
	of[ref.Context] = at
	if s.blobs[ref.Context] != "" && s.items[ref.Context] != "" {
		s.order = append(s.order, ref.Context)
	}
}

// warn reports each shared context once.
func (s *sharing) warn(a *app) {
	for _, c := range s.order {
		context := "no context"
		if !c.IsZero() {
			context = "the context " + c.String()
		}
		a.log.Warn(fmt.Sprintf("%s: an object in S3 and an item of the table (%s) have %s: if they also share a KMS key, an object with known text can serve as an item's data key; give objects their own key or context",
			s.blobs[c], s.items[c], context), "rule", "shared-context")
	}
}
