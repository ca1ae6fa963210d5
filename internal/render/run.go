// Package render renders jobs: it turns their templates into files in place.
//
// A [Run] takes its jobs through a fixed order of steps, which the function Run
// lists. The steps share one mutable run: each reads what earlier ones have found
// and adds to it. A job that fails is left out of the later steps, and the others go
// on. [DryRun] takes the same steps up to the first write. [Env] is all that a run
// sees of the machine.
package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template"
)

// run is what the steps share.
type run struct {
	env     Env
	o       Options
	now     time.Time // of the whole run, so that templates agree
	limit   *limit.Limit
	lock    *state.Lock
	plans   []*Plan
	dests   []destination      // of all jobs
	byKey   map[fsys.Key][]int // of dests, by the keys of their identities
	report  Report
	fetched template.Stats
	// rendered is the size of all outputs.
	rendered int
	phases   []Phase

	fetchers map[job.Store]*template.Fetcher
	texts    map[textKey]text
	ids      map[string]fsys.Identity // of files that are read, by path
	stamps   map[string]string        // of files that templates read, as before the first read

	blind     bool // destinations are not read
	dryRun    bool // nothing is installed, so jobs read what others would write
	bytesOnly bool // the destinations are not compared with

	records     []state.Record   // of all jobs that have state, as the run found them
	unrecovered map[string]error // jobs whose files could not be restored, by id
	damaged     []error          // states that cannot be read
	refused     error            // the jobs that are not done are left out: see checkOverrides
}

func newRun(env Env, o Options, jobs []job.Job) *run {
	r := &run{
		env: env, o: o, now: env.Host.Now(), limit: limit.Total(o.Timeout),
		fetchers: map[job.Store]*template.Fetcher{},
		texts:    map[textKey]text{}, ids: map[string]fsys.Identity{}, stamps: map[string]string{}, unrecovered: map[string]error{},
	}
	for i := range jobs {
		p := &Plan{Job: &jobs[i], overrides: o.Overrides}
		p.given, p.report.Job = p.Job, p.Job
		r.plans = append(r.plans, p)
	}
	return r
}

// Run renders jobs and puts them in place. The error is for a run that could not
// take place; the report has the result of each job.
func Run(ctx context.Context, env Env, o Options, jobs []job.Job) (Report, error) {
	r := newRun(env, o, jobs)
	var err error
	r.during("lock", func() { err = r.begin(ctx) }) // and restore what an interrupted run left
	if err != nil || r.isStopped() {
		r.end()
		r.leaveRest()
		return r.report, err
	}
	defer r.end()
	waiting, release := r.untilStop(ctx)
	defer release()
	r.noteStuck()
	r.openStates(waiting)                                   // what the last render recorded
	r.expand()                                              // the files of folders and lists
	r.checkDestinations()                                   // refuse those that the run itself reads
	r.during("changes", func() { r.checkChanges(waiting) }) // unchanged jobs end here
	r.during("names", func() { r.expandAnew(waiting) })     // the files of patterns
	r.renderAll(ctx, func(p *Plan) { r.commit(ctx, p) })    // load, fetch, execute, compare, install
	r.beforeHooks()
	r.during("finish", func() { r.finish(ctx) }) // hooks, then the state of each job
	for _, p := range r.plans {
		p.report.Changes, p.report.Versions, p.report.Unchanged = p.Changes, p.Trace, p.check.unchanged
		p.report.Overridden = p.Overridden()
		r.report.Jobs = append(r.report.Jobs, p.report)
	}
	r.report.Stats = r.stats()
	return r.report, r.refused
}

// renderAll renders the jobs that may have changed and hands each to last. A job that
// reads what another writes comes after it; all else keeps the order of the config.
// What does not depend on a file that is still to be written is fetched in the first
// batch.
func (r *run) renderAll(ctx context.Context, last func(*Plan)) {
	for left := r.changed(); len(left) > 0; left = slices.DeleteFunc(r.changed(), func(p *Plan) bool { return p.done }) {
		for _, p := range left {
			p.waits = nil
		}
		r.during("load", func() { r.load(left) })
		r.during("fetch", func() {
			ctx, release := r.untilStop(ctx)
			defer release()
			r.gather(ctx, left)
		})
		if r.isStopped() {
			r.leaveRest()
			return
		}
		ready := slices.DeleteFunc(slices.Clone(left), func(p *Plan) bool { return p.report.Err == nil && len(p.waits) > 0 })
		if len(ready) == 0 {
			failCycle(left)
			continue
		}
		r.during("execute", func() { each(ready, func(p *Plan) error { return r.execute(ctx, p) }) })
		if r.refused = r.checkOverrides(len(ready) == len(left)); r.refused != nil {
			r.plans = slices.DeleteFunc(r.plans, func(p *Plan) bool { return !p.done })
			return
		}
		r.during("compare", func() { each(ready, func(p *Plan) error { return r.diff(ctx, p) }) })
		r.during("install", func() {
			for _, p := range ready {
				last(p)
				p.done = true
			}
		})
		r.forget(ready)
	}
}

// each does something for the jobs that have not failed.
func each(jobs []*Plan, do func(*Plan) error) {
	for _, p := range jobs {
		if p.report.Err == nil {
			p.report.Err = do(p)
		}
	}
}

// beforeHooks asks BeforeHooks whether hooks may run now.
func (r *run) beforeHooks() {
	if r.o.BeforeHooks == nil {
		return
	}
	var names []string
	for _, p := range r.plans {
		if p.report.Err == nil {
			names = append(names, p.Job.Name)
		}
	}
	r.o.DeferHooks = !r.o.BeforeHooks(names) || r.o.DeferHooks
}

// commit installs a job that has not failed.
func (r *run) commit(ctx context.Context, p *Plan) {
	if p.report.Err == nil {
		p.report.Err = r.install(ctx, p)
		p.report.Installed = p.report.Err == nil
	}
	r.keepStale(p)
}

// DryRun renders jobs in memory and compares them with the disk. It takes no lock,
// recovers nothing and changes nothing. A job that Run would refuse before it writes
// fails here with the same error.
func DryRun(ctx context.Context, env Env, o Options, jobs []job.Job) ([]*Plan, Stats, error) {
	r := newRun(env, o, jobs)
	r.dryRun = true
	r.readRecords()
	r.openStates(ctx)
	r.expand()
	r.checkDestinations()
	r.expandAnew(ctx)
	r.renderAll(ctx, func(p *Plan) {
		if !o.NoDisk {
			each([]*Plan{p}, r.admit)
		}
		each([]*Plan{p}, func(p *Plan) error { return r.mask(ctx, p) })
	})
	return r.plans, r.stats(), cmp.Or(r.refused, context.Cause(ctx))
}

// readRecords reads the records of all jobs, without recovery. One that is damaged fails
// its own job.
func (r *run) readRecords() {
	if r.env.State == nil {
		return
	}
	jobs, _ := r.env.State.Jobs()
	for _, j := range jobs {
		r.records = append(r.records, j.Record())
	}
}

// begin takes the lock and restores what an interrupted run left half done.
// If the run is stopped, it may return without the lock.
func (r *run) begin(ctx context.Context) error {
	if r.env.State == nil {
		return nil
	}
	waiting, release := r.untilStop(ctx)
	defer release()
	lock, err := r.env.State.Lock(waiting, r.o.LockTimeout, r.env.LockToken)
	if err != nil {
		if r.isStopped() {
			return nil
		}
		return fmt.Errorf("take the lock: %w", err)
	}
	r.lock = lock
	if err := r.recover(ctx); err != nil {
		r.end()
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

func (r *run) end() {
	if r.lock != nil {
		_ = r.lock.Release() // at the latest the kernel does
	}
}

// openStates opens every job's state.
func (r *run) openStates(ctx context.Context) {
	ctx, cancel := r.limit.Context(ctx)
	defer cancel()
	for _, p := range r.plans {
		p.fail(r.openState(ctx, p))
	}
}

// changed returns the jobs that need rendering.
func (r *run) changed() (jobs []*Plan) {
	for _, p := range r.plans {
		if !p.check.unchanged {
			jobs = append(jobs, p)
		}
	}
	return jobs
}

// load reads the templates of jobs, except those that another job is to write.
func (r *run) load(jobs []*Plan) {
	for _, p := range jobs {
		if p.units != nil || p.misplaced || r.waitsForSource(p) {
			continue
		}
		var err error
		p.units, err = job.Load(p.Job, r.env.Sources, func(path string) ([]byte, error) { return r.text(p.Job, path) })
		p.report.Err = errors.Join(err, p.report.Err)
	}
}

func (r *run) waitsForSource(p *Plan) bool {
	for _, f := range p.Job.Files {
		_, err := r.waitFor(p, f.Src)
		p.fail(err)
	}
	return len(p.waits) > 0
}

// diff compares a job's bytes with its destinations.
func (r *run) diff(ctx context.Context, p *Plan) error {
	if r.o.NoDisk || r.bytesOnly {
		return nil
	}
	var errs []error
	for i, u := range p.units {
		uid, gid, err := job.LookupOwner(ctx, u.File.Owner, u.File.Group)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.env.Disk.Host(u.File.Dest), err))
			continue
		}
		old, err := r.env.Disk.Inspect(u.File.Dest)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c := job.Diff(u.File, p.outputs[i], uid, gid, old)
		c.Path = r.env.Disk.Host(u.File.Dest)
		p.Changes = append(p.Changes, c)
	}
	if p.state != nil {
		rec := p.state.Record()
		p.HookPending = rec.HookPending() && !p.Job.Hook.IsZero()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return r.leftovers(p)
}
