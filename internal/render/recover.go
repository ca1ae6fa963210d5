package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// Recover undoes what an interrupted run left half done, and nothing else: it renders
// nothing, runs no command and asks no store. It is for the time at boot before
// anybody reads the files. Pending hooks stay pending. The error names what could not
// be undone; the next run tries again.
func Recover(ctx context.Context, env Env, o Options) (notes []string, err error) {
	r := newRun(env, o, nil)
	if err := r.begin(ctx); err != nil {
		return r.report.Notes, err
	}
	r.end()
	errs := slices.Clone(r.damaged)
	for _, id := range slices.Sorted(maps.Keys(r.unrecovered)) {
		errs = append(errs, r.unrecovered[id])
	}
	return r.report.Notes, errors.Join(errs...)
}

// noteStuck notes the jobs that could not be recovered and are not part of this run,
// which reports its own.
func (r *run) noteStuck() {
	for _, err := range r.damaged {
		r.report.Stuck = append(r.report.Stuck, err.Error()+"; its job cannot be rendered: "+state.WayOut(err))
	}
	for _, id := range slices.Sorted(maps.Keys(r.unrecovered)) {
		if !slices.ContainsFunc(r.plans, func(p *Plan) bool { return p.Job.ID == id }) {
			r.report.Stuck = append(r.report.Stuck, r.unrecovered[id].Error())
		}
	}
}

// recover undoes what an interrupted run left half done, for every job that has state,
// including those that this run does not render: the next run of anything ends a
// mixture. A job for which that fails is not rendered. The others are, because no two
// jobs share a file.
func (r *run) recover(ctx context.Context) error {
	if r.env.State == nil {
		return nil
	}
	known, err := r.env.State.Jobs()
	damaged, err := state.Damaged(err)
	for _, c := range damaged {
		r.damaged = append(r.damaged, c)
	}
	errs := []error{err}
	for _, j := range known {
		rec := j.Record()
		r.records = append(r.records, rec)
		if rec.Txn.Phase != txn.Idle {
			done, err := r.env.Disk.Recover(ctx, rec.Txn, j)
			if err != nil {
				r.unrecovered[rec.ID] = fmt.Errorf("recover job %s: %w", rec.Name, err)
				continue
			}
			r.report.Notes = append(r.report.Notes, recoveryNote(rec, done)...)
			errs = append(errs, j.Update(func(rec *state.Record) { r.recognize(rec, done.Restored) }))
		}
		errs = append(errs, r.dropIfGone(j))
	}
	return errors.Join(errs...)
}

// recognize has the record know the files that recovery put back: a rename gives
// a file another change time, and a start at boot must still take it for ours.
func (r *run) recognize(rec *state.Record, restored []string) {
	for _, dest := range restored {
		for _, files := range []map[string]state.File{rec.Files, rec.Left} {
			f, known := files[dest]
			stamp, err := r.env.Disk.Stamp(dest)
			if known && f.Seen != "" && err == nil {
				f.Seen = state.Seen(stamp)
				files[dest] = f
			}
		}
	}
}

func recoveryNote(rec state.Record, done txn.Recovered) []string {
	notes := []string{fmt.Sprintf("job %s: an earlier run was interrupted; ", rec.Name)}
	switch one := len(rec.Txn.Files) == 1; {
	case done.Phase == txn.Prepare && one: // see txn.Txn.Replace
		notes[0] += "its file is the old or the new one"
	case done.Phase == txn.Prepare:
		notes[0] += "nothing had changed"
	case done.Phase == txn.Commit:
		notes[0] += "the old files are restored: " + strings.Join(done.Restored, ", ")
	case done.Phase == txn.Done:
		notes[0] += "its files are in place"
	}
	if done.HookPending {
		notes[0] += "; its hook is pending"
	}
	for _, l := range done.Left {
		notes = append(notes, fmt.Sprintf("job %s: %s was left as it is: %s", rec.Name, l.Dest, l.Why))
	}
	return notes
}

// dropIfGone drops the state of a job that its config no longer has, and notes a hook
// that was still pending. A run of some jobs alone leaves that to a later one: the
// record tells the job's successor which secrets were there ([run.renderedBefore]).
func (r *run) dropIfGone(j *state.Job) error {
	rec := j.Record()
	config, fromConfig := job.ConfigOf(rec.ID, rec.Name)
	if !fromConfig || !slices.Contains(r.o.Configs, config) || slices.Contains(r.o.IDs, rec.ID) || !r.isWhole() {
		return nil
	}
	if rec.HookPending() {
		r.report.Notes = append(r.report.Notes,
			fmt.Sprintf("job %s is no longer in %s: its pending hook will not run", rec.Name, config))
	}
	return j.Remove()
}

// isWhole reports whether the run has all jobs of its configs.
func (r *run) isWhole() bool {
	return !slices.ContainsFunc(r.o.IDs, func(id string) bool {
		return !slices.ContainsFunc(r.plans, func(p *Plan) bool { return p.Job.ID == id })
	})
}

// openState opens the state of a job.
func (r *run) openState(ctx context.Context, p *Plan) error {
	if r.env.State == nil {
		return nil
	}
	if err := r.unrecovered[p.Job.ID]; err != nil {
		return err
	}
	s := p.Job.Store
	where := state.Identity{Region: s.Region, Table: s.Table, Role: s.RoleARN, Store: s.Kind + ":" + s.Path}
	if r.env.Account != nil {
		where.Account = r.env.Account(ctx, s)
	}
	j, err := r.env.State.Job(p.Job.ID, p.Job.Name, where)
	if err != nil {
		return err
	}
	p.state, p.journal = j, j
	if dropped := j.DroppedHook(); dropped != nil {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("job %s: its state was made on another machine: the hook that was pending there since %s will not run",
			p.Job.Name, dropped.Since.Format("2006-01-02 15:04")))
	}
	return nil
}
