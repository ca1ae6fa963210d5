package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// HookRun is what [RunHook] did.
type HookRun struct {
	Notes   []string // as in Report
	Pending bool     // the hook was pending before, and still is if it failed
}

// RunHook runs the hook of a job and renders nothing. It needs a state directory.
// If the hook fails, the error is a *HookError without output: nothing is known
// here that could be masked in it.
func RunHook(ctx context.Context, env Env, o Options, j job.Job) (HookRun, error) {
	r := newRun(env, o, []job.Job{j})
	if err := r.begin(ctx); err != nil {
		return HookRun{Notes: r.report.Notes}, err
	}
	defer r.end()
	r.openStates(ctx)
	p := r.plans[0]
	out := HookRun{Notes: r.report.Notes}
	if p.report.Err != nil {
		return out, p.report.Err
	}
	before := p.state.Record()
	out.Pending = before.PendingHook != nil
	d := &pendingHook{command: j.Hook, env: j.Env, plans: r.plans}
	if !out.Pending {
		if j.IsMany() {
			d.dests = slices.Sorted(maps.Keys(before.Files))
		}
		for _, f := range j.Files {
			if !f.IsMany() {
				d.dests = append(d.dests, env.Disk.Host(f.Dest))
			}
		}
	}
	failure, _ := errors.AsType[*HookError](r.runHook(ctx, d).Err)
	if failure != nil {
		failure.Output = ""
	}
	if out.Pending {
		if err := p.state.Update(func(rec *state.Record) { r.noteHook(p, rec) }); err != nil {
			return out, fmt.Errorf("write state: %w", err)
		}
	}
	if failure == nil {
		return out, nil
	}
	return out, failure
}

// noteHook notes in the state how a pending hook ended.
func (r *run) noteHook(p *Plan, rec *state.Record) {
	if p.hookErr != nil {
		rec.HookFailed(r.env.Host.Now(), class(p.hookErr), r.env.State.Fingerprint([]byte(hookKey(p.Job))), nil)
		rec.Result = r.outcome(p.hookErr)
		return
	}
	rec.HookDone()
	if rec.Result.Code == r.outcome(&HookError{}).Code { // it was about the hook
		rec.Result = state.Result{}
	}
}
