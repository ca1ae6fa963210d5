package render

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
)

// pendingHook is one command to run, for the jobs whose hook it is.
type pendingHook struct {
	command job.Command
	env     map[string]string
	plans   []*Plan
	dests   []string // changed, beside those of plans
}

// finish runs the pending hooks after all files of the run are in place: distinct
// commands once, in config order. Then it records the result of each job.
func (r *run) finish(ctx context.Context) {
	hooks := r.pendingHooks()
	for _, d := range hooks {
		r.report.Hooks = append(r.report.Hooks, r.runHook(ctx, d))
	}
	r.noteResults()
	for i, d := range hooks {
		r.report.Hooks[i].Repeat = !slices.ContainsFunc(d.plans, func(p *Plan) bool { return !p.report.Repeat })
	}
}

// noteResults records the result of each job, with one sync of the state directory where
// several have one.
func (r *run) noteResults() {
	each := func() {
		for _, p := range r.plans {
			p.report.Err = errors.Join(p.report.Err, r.noteResult(p))
		}
	}
	if r.env.State == nil || len(r.plans) < 2 {
		each()
		return
	}
	if err := r.env.State.Together(each); err != nil {
		for _, p := range r.plans {
			p.report.Err = errors.Join(p.report.Err, fmt.Errorf("write state: %w", err))
		}
	}
}

func (r *run) noteResult(p *Plan) error {
	switch {
	case p.check.unchanged:
		return r.noteUnchanged(p)
	case p.state == nil:
		return nil
	}
	return r.update(p, func(rec *state.Record) { r.note(p, rec) })
}

// pendingHooks returns the hooks to run: those of jobs that changed in this run, and of
// jobs whose earlier hook failed. The command is the one that the job has now.
func (r *run) pendingHooks() []*pendingHook {
	var list []*pendingHook
	byKey := map[string]*pendingHook{}
	for _, p := range r.changed() {
		if r.o.NoHook || r.o.DeferHooks || p.Job.Hook.IsZero() || !p.hookPending() || r.waits(p) {
			continue
		}
		key := hookKey(p.Job)
		d, ok := byKey[key]
		if !ok {
			d = &pendingHook{command: p.Job.Hook, env: p.Job.Env}
			byKey[key] = d
			list = append(list, d)
		}
		d.plans = append(d.plans, p)
	}
	return list
}

// hookPending reports whether the job's hook has to run: its files changed in this
// run, or it is pending from an earlier one.
func (p *Plan) hookPending() bool {
	if p.report.Installed && len(p.Changed()) > 0 {
		return true
	}
	if p.state == nil {
		return false
	}
	rec := p.state.Record()
	return rec.PendingHook != nil && !unfinished(p, &rec)
}

// unfinished reports whether a transaction of this run could neither be committed nor
// undone, so that nobody knows which files the hook would find.
func unfinished(p *Plan, rec *state.Record) bool {
	return rec.Txn.Phase != txn.Idle && !p.report.Installed
}

// hookKey is equal for hooks that differ in nothing but the names of their jobs.
func hookKey(j *job.Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %v", j.Hook.Shell, j.Hook.Args, j.HookTimeout)
	for _, k := range slices.Sorted(maps.Keys(j.Env)) {
		fmt.Fprintf(&b, " %q=%q", k, j.Env[k])
	}
	return b.String()
}

func (r *run) runHook(ctx context.Context, d *pendingHook) HookReport {
	var names []string
	dests := d.dests
	for _, p := range d.plans {
		names = append(names, p.Job.Name)
		dests = append(dests, p.hookDests()...)
	}
	spec := hook.Spec{
		Command: d.command,
		Env:     r.environ(d.env, strings.Join(names, "\n"), slices.Compact(slices.Sorted(slices.Values(dests)))),
		Timeout: d.plans[0].Job.HookTimeout,
		Masker:  r.masker(),
	}
	report := HookReport{Command: d.command, Jobs: names}
	began := r.env.Host.Now()
	if _, err := hook.Run(ctx, spec); err != nil {
		failure := &HookError{Command: d.command, Jobs: names, Err: err}
		if exit, ok := errors.AsType[*hook.ExitError](err); ok {
			failure.Output = exit.Output
		}
		report.Err = failure
	}
	report.Took = r.env.Host.Now().Sub(began)
	for _, p := range d.plans {
		p.hookRan, p.hookErr = true, report.Err
	}
	return report
}

// masker masks the secrets of all jobs of the run, because a job's commands may print
// files of other jobs.
func (r *run) masker() *hook.Masker {
	var all []source.Secret
	seen := map[string]bool{}
	for _, p := range r.plans {
		for _, s := range p.secrets {
			if text := string(s.Reveal()); !seen[text] {
				seen[text] = true
				all = append(all, s)
			}
		}
	}
	return hook.NewMasker(all)
}

// hookDests returns the destinations that the hook was not run for yet.
func (p *Plan) hookDests() []string {
	dests := p.Changed()
	if !p.report.Installed {
		dests = nil
	}
	if p.state == nil {
		return dests
	}
	if rec := p.state.Record(); rec.PendingHook != nil {
		dests = append(slices.Clone(dests), rec.PendingHook.Dests...)
	}
	return dests
}

// note records the result of a job.
func (r *run) note(p *Plan, rec *state.Record) {
	now := r.env.Host.Now()
	dests := p.hookDests()
	switch pending := rec.PendingHook; {
	case unfinished(p, rec): // the next run recovers it
	case p.hookRan && p.hookErr != nil:
		rec.HookFailed(now, class(p.hookErr), r.env.State.Fingerprint([]byte(hookKey(p.Job))), dests)
	case p.hookRan, p.Job.Hook.IsZero():
		rec.HookDone() // nothing is pending for a job that no longer has a hook
	case r.o.DeferHooks && !r.o.NoHook && p.hookPending():
		rec.AddPendingHook(now, dests)
		rec.Txn = txn.Record{}
	default:
		rec.HookDone()
		rec.PendingHook = pending
	}
	rec.LastRun = now
	rec.Result, p.report.Repeat = r.outcome(errors.Join(p.report.Err, p.hookErr)).After(rec.Result, now)
	p.report.Result = rec.Result
	if !p.report.Installed {
		for _, k := range p.lost {
			if !slices.Contains(rec.Trace, k) {
				rec.Trace = append(rec.Trace, k)
			}
		}
		return
	}
	rec.LastSuccess, rec.LastLook = now, r.now
	if len(p.Changed()) > 0 {
		rec.LastChange, rec.Refused = now, ""
	}
	p.report.News = slices.DeleteFunc(slices.Clone(p.Trace), func(k source.Known) bool { return slices.Contains(rec.Trace, k) })
	rec.Trace, rec.Untraced, rec.Globs = r.noteOverrides(p, rec), p.untraced, p.globs
	rec.Asked, rec.Inputs = p.asked, ""
	if in := r.inputs(p, p.asked); in != nil && !p.changeable && !p.untraced {
		rec.Inputs = r.env.State.Fingerprint(in)
	}
	rec.Files, rec.Left, rec.Matches = map[string]state.File{}, p.stillLeft(), p.matches
	for _, c := range p.Changes {
		if c.Kind != job.Remove {
			rec.Files[c.Path] = r.placed(c)
		}
	}
}

// outcome is the result of a run or change check, for the state.
func (r *run) outcome(err error) state.Result {
	if err == nil {
		return state.Result{}
	}
	res := state.Result{Code: 1, Error: class(err), Run: r.o.RunID}
	if r.o.Code != nil {
		res.Code = r.o.Code(err)
	}
	return res
}

// placed describes a file in place, for the next change check.
func (r *run) placed(c job.Change) state.File {
	f := state.File{Print: r.env.State.Fingerprint(c.Data), Mode: c.Mode, UID: c.UID, GID: c.GID, NotAfter: expiry(c.Data)}
	now := c.Old
	if c.Kind != job.Unchanged {
		now, _ = r.env.Disk.Inspect(c.File.Dest) // at worst it is not known
	}
	if now.Exists && bytes.Equal(now.Data, c.Data) {
		f.Stamp, f.Seen = r.env.State.Fingerprint([]byte(now.Stamp)), state.Seen(now.Stamp)
	}
	return f
}

// expiry is when the first of the certificates in data is no longer valid.
func expiry(data []byte) (first time.Time) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (first.IsZero() || cert.NotAfter.Before(first)) {
			first = cert.NotAfter
		}
	}
	return first
}

// class returns the text of an error for the state directory. It is our own text, and
// holds no value and no output of a command.
func class(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
