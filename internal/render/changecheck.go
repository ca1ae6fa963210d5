package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// noteEvery is how old the recorded time of the last success may be, so that an
// unchanged run does not write to the disk each time.
const noteEvery = time.Minute

// check is what the change check has found of one job.
type check struct {
	unchanged  bool
	full       bool                  // a full refresh has found nothing new
	changed    bool                  // a secret may have another value
	files      map[string]state.File // in place as rendered, but with new stamps
	why        string                // it needs rendering
	unanswered error                 // the store did not answer: see CheckResult.Unanswered
}

// CheckResult is the result of a change check of one job.
type CheckResult struct {
	Job *job.Job
	// Unchanged: nothing can have changed, and no hook is due.
	Unchanged bool
	// Changed: a secret may have another value now.
	Changed bool
	// Why is the reason to render the job.
	Why string
	Err error
	// Unanswered: nothing on this machine has changed, and the store gave no answer,
	// because it is throttled or unreachable. A render would only add to its load.
	Unanswered error
}

// CheckChanges checks which jobs may have changed, and renders none of them. It reads no file
// that holds a secret and decrypts nothing, so no plaintext is ever in this process.
// It records from time to time that unchanged jobs are still right, and why a job
// could not be checked; it takes the lock for that alone.
func CheckChanges(ctx context.Context, env Env, o Options, jobs []job.Job) ([]CheckResult, error) {
	r := newRun(env, o, jobs)
	r.blind = true
	if env.State == nil {
		return nil, ErrNoState
	}
	r.openStates(ctx)
	r.expand()
	r.checkDestinations()
	r.checkChanges(ctx)
	if err := r.noteAll(ctx); err != nil {
		return nil, err
	}
	var results []CheckResult
	for _, p := range r.plans {
		results = append(results, CheckResult{p.given, p.check.unchanged, p.check.changed, p.check.why, p.report.Err, p.check.unanswered})
	}
	return results, nil
}

// checkChanges finds the jobs for which nothing can have changed since their last
// render. It compares what is on this machine first, and then looks up the secrets of
// the jobs that are left, all together.
func (r *run) checkChanges(ctx context.Context) {
	var left []*Plan
	var seen []Seen
	for _, p := range r.plans {
		if p.check.why = r.differs(p); p.check.why != "" {
			continue
		}
		rec := p.state.Record()
		age := r.now.Sub(rec.LastLook)
		p.check.full = age < 0 || age >= r.o.FullRefresh
		left = append(left, p)
		seen = append(seen, Seen{Store: p.Job.Store, Trace: rec.Trace, Globs: rec.Globs, Matches: rec.Matches, Full: p.check.full})
	}
	ctx, cancel := r.limit.Context(ctx)
	defer cancel()
	for i, v := range Probe(ctx, r.env.Open, seen) {
		c := &left[i].check
		c.unchanged, c.changed = !v.Changed && v.Err == nil, v.Changed
		switch {
		case v.Changed:
			c.why = "a secret may have changed"
		case v.Err != nil:
			c.why, c.unanswered = "the store did not answer", fmt.Errorf("check for changes: %w", v.Err)
		}
	}
	r.wake()
}

// differs returns what on this machine is not as the last render left it, or "" if
// only the store can tell more.
func (r *run) differs(p *Plan) string {
	switch {
	case r.o.Force || r.o.Changed || r.o.Overrides != nil || len(r.o.AcceptRemoved) > 0:
		return "it was requested"
	case p.report.Err != nil || p.state == nil:
		return "it has no state"
	}
	rec := p.state.Record()
	switch {
	case rec.Txn.Phase != txn.Idle:
		return "its last run was interrupted"
	case rec.PendingHook != nil && !r.o.NoHook && !p.Job.Hook.IsZero() && !r.waits(p):
		return "its hook is pending"
	case rec.PendingHook != nil && p.Job.Hook.IsZero():
		return "it no longer has a hook"
	case len(rec.Overrides) > 0:
		return "an operator's value is in place"
	case rec.Inputs == "" || rec.LastSuccess.IsZero():
		return "its output may differ at each run"
	}
	if same, known := p.state.Matches(rec.Inputs, r.inputs(p, rec.Asked)); !same || !known {
		return "its templates or what they read may have changed"
	}
	return r.filesDiffer(p, rec)
}

// waits reports whether the job's hook waits for the end of its backoff.
func (r *run) waits(p *Plan) bool {
	if !r.o.Patient || p.state == nil || p.report.Installed && len(p.Changed()) > 0 {
		return false
	}
	pending := p.state.Record().PendingHook
	return pending != nil && !pending.Due(r.env.Host.Now(), r.env.State.Fingerprint([]byte(hookKey(p.Job))))
}

// filesDiffer compares the destinations by their stamps. It compares their content
// only if a stamp is new and content may be read.
func (r *run) filesDiffer(p *Plan, rec state.Record) string {
	for _, f := range p.Job.Files {
		path := r.env.Disk.Host(f.Dest)
		in, ok := rec.Files[path]
		if !ok {
			return path + " is new"
		}
		stamp, err := r.env.Disk.Stamp(f.Dest)
		if err == nil && stamp != "" {
			if same, _ := p.state.Matches(in.Stamp, []byte(stamp)); same {
				continue
			}
		}
		if err != nil || stamp == "" || r.blind || !r.restamp(p, f, in) {
			return path + " has changed"
		}
	}
	return ""
}

// restamp reports whether a file with a new stamp has the old content, mode and owner.
func (r *run) restamp(p *Plan, f job.File, in state.File) bool {
	now, err := r.env.Disk.Inspect(f.Dest)
	if err != nil || !now.Exists || now.TooLarge {
		return false
	}
	same, _ := p.state.Matches(in.Print, now.Data)
	c := job.Change{File: f, Mode: in.Mode, UID: in.UID, GID: in.GID, Old: now}
	if !same || c.Drifted() && !c.Tolerated() {
		return false
	}
	if p.check.files == nil {
		p.check.files = map[string]state.File{}
	}
	in.Stamp, in.Seen = r.env.State.Fingerprint([]byte(now.Stamp)), state.Seen(now.Stamp)
	p.check.files[r.env.Disk.Host(f.Dest)] = in
	return true
}

// noteAll records the results of a change check, unless another run holds the lock:
// that one records its own.
func (r *run) noteAll(ctx context.Context) error {
	defer r.end()
	for _, p := range r.plans {
		if !r.worthNoting(p) {
			continue
		}
		if r.lock == nil {
			lock, err := r.env.State.Lock(ctx, 0, r.env.LockToken)
			if errors.Is(err, state.ErrLocked) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("take the lock: %w", err)
			}
			r.lock = lock
		}
		before := p.state.Record().LastRun
		p.report.Err = r.openState(ctx, p)
		if p.report.Err == nil && p.state.Record().LastRun.Equal(before) { // else somebody was faster
			p.report.Err = r.noteCheck(p)
		}
	}
	return nil
}

// worthNoting reports whether the record would change by more than its time.
func (r *run) worthNoting(p *Plan) bool {
	if p.state == nil || !p.check.unchanged && p.check.unanswered == nil {
		return false
	}
	if errors.Is(p.check.unanswered, context.Canceled) { // by the end of the daemon, not by the store
		return false
	}
	rec := p.state.Record()
	if p.check.unanswered != nil {
		age := r.env.Host.Now().Sub(rec.LastRun)
		return rec.Result.Code == 0 || age < 0 || age >= noteEvery
	}
	age := r.env.Host.Now().Sub(rec.LastSuccess)
	fresh := age >= 0 && age < noteEvery && rec.LastRun.Equal(rec.LastSuccess)
	return !fresh || p.check.full || p.check.files != nil
}

// noteCheck records the result of a change check without a render.
func (r *run) noteCheck(p *Plan) error {
	if p.check.unanswered == nil {
		return r.noteUnchanged(p)
	}
	return r.update(p, func(rec *state.Record) {
		rec.LastRun = r.env.Host.Now()
		if rec.PendingHook == nil { // else the result tells of the hook
			rec.Result, _ = r.outcome(p.check.unanswered).After(rec.Result, rec.LastRun)
		}
	})
}

// noteUnchanged records from time to time that the files in place are still right.
func (r *run) noteUnchanged(p *Plan) error {
	if !r.worthNoting(p) {
		return nil
	}
	now := r.env.Host.Now()
	return r.update(p, func(rec *state.Record) {
		rec.LastRun, rec.LastSuccess = now, now
		if rec.PendingHook == nil {
			rec.Result = state.Result{}
		}
		if p.check.full {
			rec.LastLook = r.now
		}
		maps.Copy(rec.Files, p.check.files)
	})
}

func (r *run) update(p *Plan, change func(*state.Record)) error {
	if err := p.state.Update(change); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}
