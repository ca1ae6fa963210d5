package render

import (
	"context"
	"errors"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/template"
)

// renderAll renders the jobs of a run and hands each to finish: those that read
// what others write after those, all else in the order of the config. Whatever
// does not depend on a file that is still to be written is fetched in the first
// batch.
func (r *round) renderAll(ctx context.Context, finish func(*Planned)) {
	fetching, cancel := r.fetching(ctx)
	defer cancel()
	for left := r.busy(); len(left) > 0; left = r.unfinished() {
		for _, p := range left {
			p.waits, p.queries = nil, nil
		}
		r.during("load", func() { r.load(left) })
		r.during("fetch", func() { r.gather(ctx, fetching, left) })
		ready := slices.DeleteFunc(slices.Clone(left), func(p *Planned) bool { return p.report.Err == nil && len(p.waits) > 0 })
		if len(ready) == 0 {
			failCycle(left)
			continue
		}
		r.during("execute", func() { each(ready, func(p *Planned) error { return r.execute(ctx, p) }) })
		r.during("compare", func() { each(ready, func(p *Planned) error { return r.diff(ctx, p) }) })
		r.during("install", func() {
			for _, p := range ready {
				finish(p)
				p.done = true
			}
		})
		r.forget(ready)
	}
}

// each does something for the jobs that have not failed.
func each(jobs []*Planned, do func(*Planned) error) {
	for _, p := range jobs {
		if p.report.Err == nil {
			p.report.Err = do(p)
		}
	}
}

func (r *round) unfinished() []*Planned {
	return slices.DeleteFunc(r.busy(), func(p *Planned) bool { return p.done })
}

// waitFor notes that p reads the file path, and reports whether a job that is
// still to be rendered writes it. The error is for a job that reads what it
// writes itself.
func (r *round) waitFor(p *Planned, path string) (waits bool, err error) {
	for _, d := range r.writers(path) {
		switch {
		case d.planned == p:
			return false, &PlaceError{r.w.Disk.Host(d.file().Dest), "is read by its own job"}
		case !d.planned.done && !d.planned.tick.quiet:
			p.waits = append(p.waits, d.planned)
			waits = true
		}
	}
	return waits, nil
}

// failCycle fails the jobs of a cycle; all of left wait for another of them.
func failCycle(left []*Planned) {
	var path []*Planned
	for p := left[0]; !slices.Contains(path, p); p = p.waits[0] {
		path = append(path, p)
	}
	path = path[slices.Index(path, path[len(path)-1].waits[0]):]
	cycle := &CycleError{}
	for _, p := range append(slices.Clip(path), path[0]) {
		cycle.Jobs = append(cycle.Jobs, p.Job.Name)
	}
	for _, p := range path {
		p.fail(cycle)
	}
}

// forget drops what was read of the files that jobs have written since.
func (r *round) forget(jobs []*Planned) {
	written := func(path string) bool {
		return slices.ContainsFunc(r.writers(path), func(d destination) bool { return slices.Contains(jobs, d.planned) })
	}
	for k := range r.texts {
		if written(k.path) {
			delete(r.texts, k)
		}
	}
	for path := range r.stamps {
		if written(path) {
			delete(r.stamps, path)
		}
	}
}

// foreseen returns what a file of the machine will hold after the run, where a
// plan has rendered it.
func (r *round) foreseen(path string) ([]byte, bool) {
	if !r.planOnly {
		return nil, false
	}
	for _, d := range r.writers(path) {
		if d.planned.done && d.planned.report.Err == nil {
			return d.planned.outputs[d.index].Bytes, true
		}
	}
	return nil, false
}

// wake renders jobs that read what a job of this run is about to write, though
// nothing has changed yet.
func (r *round) wake() {
	for again := true; again; {
		again = false
		for _, p := range r.planned {
			if by := r.readsFrom(p); p.tick.quiet && by != nil {
				p.tick.quiet, p.tick.why = false, "it reads what job "+by.Job.Name+" writes"
				again = true
			}
		}
	}
}

// readsFrom returns a job that will be rendered and writes what p read when it
// was last rendered.
func (r *round) readsFrom(p *Planned) *Planned {
	for _, path := range r.reads(p) {
		for _, d := range r.writers(path) {
			t := &d.planned.tick
			if d.planned != p && !t.quiet && !(r.blind && t.unseen != nil) {
				return d.planned
			}
		}
	}
	return nil
}

// reads returns the files that the last render of p has read.
func (r *round) reads(p *Planned) (paths []string) {
	for _, f := range p.Job.Files {
		paths = append(paths, f.Src)
	}
	if p.state == nil {
		return paths
	}
	for _, a := range p.state.Record().Asked {
		if a.Kind == string(template.File) {
			paths = append(paths, a.Name)
		}
	}
	return paths
}

// Arrange reports, by job, what is wrong with the destinations and the order of
// jobs as far as config and templates tell without being executed.
func Arrange(w World, jobs []job.Job, units [][]job.Unit) []error {
	r := newRound(w, Options{}, jobs)
	r.guard()
	for i, p := range r.planned {
		if p.misplaced {
			continue
		}
		for _, path := range staticReads(units[i]) {
			if _, err := r.waitFor(p, path); err != nil {
				p.fail(err)
			}
		}
	}
	left := slices.Clone(r.planned)
	for len(left) > 0 {
		n := len(left)
		left = slices.DeleteFunc(left, func(p *Planned) bool {
			p.done = !slices.ContainsFunc(p.waits, func(w *Planned) bool { return !w.done })
			return p.done
		})
		if len(left) < n {
			continue
		}
		for _, p := range left {
			p.waits = slices.DeleteFunc(p.waits, func(w *Planned) bool { return w.done })
		}
		failCycle(left)
		left = slices.DeleteFunc(left, func(p *Planned) bool {
			_, p.done = errors.AsType[*CycleError](p.report.Err)
			return p.done
		})
	}
	errs := make([]error, len(jobs))
	for i, p := range r.planned {
		errs[i] = p.report.Err
	}
	return errs
}

// staticReads returns the files that templates and their calls of file name.
func staticReads(units []job.Unit) (paths []string) {
	for _, u := range units {
		paths = append(paths, u.File.Src)
		if u.Template == nil {
			continue
		}
		for _, ref := range u.Template.Refs() {
			if ref.Kind == template.File && !ref.Dynamic {
				paths = append(paths, ref.Query.Name)
			}
		}
	}
	return paths
}
