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

// Recover sets back what a run before this one left half done, and nothing
// else: it renders nothing, runs no command and asks no store. It is for the
// time at boot before anybody reads the files. What is owed stays owed. The
// error names what could not be set back; the next run tries again.
func Recover(ctx context.Context, w World, o Options) (notes []string, err error) {
	r := newRound(w, o, nil)
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

// noteStuck says what could not be set back and is no job of this run, whose
// own report says it.
func (r *round) noteStuck() {
	for _, err := range r.damaged {
		r.report.Stuck = append(r.report.Stuck, err.Error()+"; its job cannot be rendered: "+state.WayOut(err))
	}
	for _, id := range slices.Sorted(maps.Keys(r.unrecovered)) {
		if !slices.ContainsFunc(r.planned, func(p *Planned) bool { return p.Job.ID == id }) {
			r.report.Stuck = append(r.report.Stuck, r.unrecovered[id].Error())
		}
	}
}

// recover sets back what a run before this one left half done, for every job
// that has state, also those that this run has not to render: the next run of
// anything ends a mixture. A job for which that fails is not rendered; the
// others are, since no two jobs have a file in common.
func (r *round) recover(ctx context.Context) error {
	if r.w.State == nil {
		return nil
	}
	known, err := r.w.State.Jobs()
	damaged, err := state.Damaged(err)
	for _, c := range damaged {
		r.damaged = append(r.damaged, c)
	}
	errs := []error{err}
	for _, j := range known {
		rec := j.Record()
		if rec.Txn.Phase != txn.Idle {
			done, err := r.w.Disk.Recover(ctx, rec.Txn, j)
			if err != nil {
				r.unrecovered[rec.ID] = fmt.Errorf("recover job %s: %w", rec.Name, err)
				continue
			}
			r.report.Notes = append(r.report.Notes, recoveryNote(rec.Name, done)...)
		}
		errs = append(errs, r.dropIfGone(j))
	}
	return errors.Join(errs...)
}

func recoveryNote(name string, done txn.Recovered) []string {
	notes := []string{fmt.Sprintf("job %s: an earlier run was cut off; ", name)}
	switch done.Phase {
	case txn.Prepare:
		notes[0] += "nothing of it was in place"
	case txn.Commit:
		notes[0] += "the files from before it are back: " + strings.Join(done.Restored, ", ")
	case txn.Done:
		notes[0] += "its files are in place"
	}
	if done.Owed {
		notes[0] += "; its hook is owed"
	}
	for _, l := range done.Left {
		notes = append(notes, fmt.Sprintf("job %s: %s was left as it is: %s", name, l.Dest, l.Why))
	}
	return notes
}

// dropIfGone forgets a job that its config no longer has, and says which hook
// that leaves unpaid.
func (r *round) dropIfGone(j *state.Job) error {
	rec := j.Record()
	config, fromConfig := job.ConfigOf(rec.ID, rec.Name)
	if !fromConfig || !slices.Contains(r.o.Configs, config) || slices.Contains(r.o.IDs, rec.ID) {
		return nil
	}
	if rec.Owed() {
		r.report.Notes = append(r.report.Notes,
			fmt.Sprintf("job %s is no longer in %s: its hook, which was owed, will not run", rec.Name, config))
	}
	return j.Remove()
}

// openState opens the state of each job of this run.
func (r *round) openState(ctx context.Context, p *Planned) error {
	if r.w.State == nil {
		return nil
	}
	if err := r.unrecovered[p.Job.ID]; err != nil {
		return err
	}
	s := p.Job.Store
	where := state.Identity{Region: s.Region, Table: s.Table, Role: s.RoleARN, Store: s.Kind + ":" + s.Path}
	if r.w.Account != nil {
		where.Account = r.w.Account(ctx, s)
	}
	j, err := r.w.State.Job(p.Job.ID, p.Job.Name, where)
	if err != nil {
		return err
	}
	p.state, p.journal = j, j
	if debt := j.DroppedDebt(); debt != nil {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("job %s: its state was made on another machine: the hook that was pending there since %s will not run",
			p.Job.Name, debt.Since.Format("2006-01-02 15:04")))
	}
	return nil
}
