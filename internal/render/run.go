// Package render is the line that every render runs along, from jobs to a
// report:
//
//	lock, recover            what an earlier run left half done is set back
//	guard                    destinations that the run itself reads are refused
//	probe                    jobs for which nothing can have changed end here
//	load, gather, execute    templates become bytes in memory, in few waves
//	diff, admit              against the disk; Plan stops here
//	install                  job by job: stage, check, commit, verify
//	settle                   distinct hooks, then the state of each job
//
// Jobs that read what others write go along it after those. Each step takes a
// value and returns one. One job's failure does not stop the
// others. [World] is all that the line sees of the machine.
package render

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template"
)

// round is one pass over jobs under one lock.
type round struct {
	w       World
	o       Options
	lock    *state.Lock
	fetcher *Fetcher
	planned []*Planned
	report  Report
	phases  []Phase
	now     time.Time // of the whole run, so that templates agree
	texts   map[textKey]text
	dests   []destination // of all jobs
	limit   *limit.Limit
	ids     map[string]fsys.Identity // of files that are read, by path
	blind   bool                     // destinations are not read
	// planOnly: nothing is installed, so that jobs read what others would write.
	planOnly bool
	// bytesOnly: the destinations are not compared with.
	bytesOnly bool
	stamps    map[string]string // of files that templates read, as before the first read
	// unrecovered are the jobs whose files could not be set back, by id.
	unrecovered map[string]error
	damaged     []error // states that cannot be read
}

func newRound(w World, o Options, jobs []job.Job) *round {
	r := &round{
		w: w, o: o, fetcher: NewFetcher(w.Open), now: w.Now(),
		limit: limit.Total(o.Timeout),
		texts: map[textKey]text{}, ids: map[string]fsys.Identity{}, stamps: map[string]string{}, unrecovered: map[string]error{},
	}
	for i := range jobs {
		p := &Planned{Job: &jobs[i]}
		p.report.Job = p.Job
		r.planned = append(r.planned, p)
	}
	return r
}

// Run renders jobs and puts them in place. The error is for a run that could
// not take place; what became of each job is in the report.
func Run(ctx context.Context, w World, o Options, jobs []job.Job) (Report, error) {
	r := newRound(w, o, jobs)
	var err error
	r.during("lock", func() { err = r.begin(ctx) })
	if err != nil {
		return r.report, err
	}
	defer r.end()
	r.noteStuck()
	r.openStates(ctx)
	r.guard()
	r.during("probe", func() { r.probe(ctx) })
	r.renderAll(ctx, func(p *Planned) { r.installOne(ctx, p) })
	r.during("settle", func() { r.settle(ctx) })
	for _, p := range r.planned {
		p.report.Changes, p.report.Versions, p.report.Quiet = p.Changes, p.Trace, p.tick.quiet
		r.report.Jobs = append(r.report.Jobs, p.report)
	}
	r.report.Stats = r.stats()
	return r.report, nil
}

// installOne puts a job that has not failed in place.
func (r *round) installOne(ctx context.Context, p *Planned) {
	if p.report.Err == nil {
		p.report.Err = r.install(ctx, p)
		p.report.Installed = p.report.Err == nil
	}
	r.letStand(p)
}

// Plan renders jobs in memory and compares them with the disk. It takes no
// lock, recovers nothing and changes nothing. A job that Run would refuse before
// it writes fails here with the same error.
func Plan(ctx context.Context, w World, o Options, jobs []job.Job) ([]*Planned, Stats, error) {
	r := newRound(w, o, jobs)
	r.planOnly = true
	r.openStates(ctx)
	r.guard()
	r.renderAll(ctx, func(p *Planned) {
		if !o.NoDisk {
			each([]*Planned{p}, r.admit)
		}
		each([]*Planned{p}, func(p *Planned) error { return r.mask(ctx, p) })
	})
	return r.planned, r.stats(), context.Cause(ctx)
}

// Bytes renders the files of one job in memory.
func Bytes(ctx context.Context, w World, o Options, j job.Job) ([]template.Output, Stats, error) {
	r := newRound(w, o, []job.Job{j})
	r.planOnly, r.bytesOnly = true, true
	r.openStates(ctx)
	r.guard()
	p := r.planned[0]
	r.renderAll(ctx, func(*Planned) {})
	return p.outputs, r.stats(), p.report.Err
}

// begin takes the lock and sets back what an earlier run left half done.
func (r *round) begin(ctx context.Context) error {
	if r.w.State == nil {
		return nil
	}
	lock, err := r.w.State.Lock(ctx, r.o.LockTimeout, r.w.LockToken)
	if err != nil {
		return fmt.Errorf("take the lock: %w", err)
	}
	r.lock = lock
	if err := r.recover(ctx); err != nil {
		r.end()
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

func (r *round) end() {
	if r.lock != nil {
		_ = r.lock.Release() // the kernel does it for us at the latest
	}
}

// fetching bounds what waits for AWS: all of a run's fetching together, and
// nothing of what commands take in between.
func (r *round) fetching(ctx context.Context) (context.Context, context.CancelFunc) {
	return r.limit.Context(ctx)
}

// openStates opens every job's state.
func (r *round) openStates(ctx context.Context) {
	ctx, cancel := r.fetching(ctx)
	defer cancel()
	for _, p := range r.planned {
		p.fail(r.openState(ctx, p))
	}
}

// busy are the jobs that are not quiet.
func (r *round) busy() (jobs []*Planned) {
	for _, p := range r.planned {
		if !p.tick.quiet {
			jobs = append(jobs, p)
		}
	}
	return jobs
}

// load reads the templates of jobs, but of those that another job is to write.
func (r *round) load(jobs []*Planned) {
	for _, p := range jobs {
		if p.units != nil || p.misplaced || r.waitsForSource(p) {
			continue
		}
		var err error
		p.units, err = job.Load(p.Job, r.w.Sources, func(path string) ([]byte, error) { return r.text(p.Job, path) })
		p.report.Err = errors.Join(err, p.report.Err)
	}
}

func (r *round) waitsForSource(p *Planned) bool {
	for _, f := range p.Job.Files {
		_, err := r.waitFor(p, f.Src)
		p.fail(err)
	}
	return len(p.waits) > 0
}

// diff compares a job's bytes with its destinations.
func (r *round) diff(ctx context.Context, p *Planned) error {
	if r.o.NoDisk || r.bytesOnly {
		return nil
	}
	var errs []error
	for i, u := range p.units {
		uid, gid, err := job.LookupOwner(ctx, u.File.Owner, u.File.Group)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.w.Disk.Host(u.File.Dest), err))
			continue
		}
		old, err := r.w.Disk.Inspect(u.File.Dest)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c := job.Diff(u.File, p.outputs[i], uid, gid, old)
		c.Path = r.w.Disk.Host(u.File.Dest)
		p.Changes = append(p.Changes, c)
	}
	if p.state != nil {
		rec := p.state.Record()
		p.Owed = rec.Owed() && !p.Job.Hook.IsZero()
	}
	return errors.Join(errs...)
}

// letStand applies AllowStale: a job that only lacks an answer from its store
// keeps its files, if all are there and young enough.
func (r *round) letStand(p *Planned) {
	if r.o.AllowStale <= 0 || p.report.Err == nil || p.state == nil || !outOfReach(p.report.Err) {
		return
	}
	last := p.state.Record().LastSuccess
	if last.IsZero() || r.w.Now().Sub(last) > r.o.AllowStale {
		return
	}
	for _, f := range p.Job.Files {
		if old, err := r.w.Disk.Inspect(f.Dest); err != nil || !old.Exists {
			return
		}
	}
	p.report.Stale = true
}
