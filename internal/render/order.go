package render

import (
	"errors"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/template"
)

// waitFor notes that p reads the file path, and reports whether a job that is
// still to be rendered writes it. The error is for a job that reads what it
// writes itself.
func (r *run) waitFor(p *Plan, path string) (waits bool, err error) {
	for _, d := range r.writers(path) {
		switch {
		case d.plan == p:
			return false, &PlaceError{Dest: r.env.Disk.Host(d.dest), Is: "is read by its own job"}
		case !d.plan.done && !d.plan.check.unchanged:
			p.waits = append(p.waits, d.plan)
			waits = true
		}
	}
	return waits, nil
}

// failCycle fails the jobs of a cycle; all of left wait for another of them.
func failCycle(left []*Plan) {
	var path []*Plan
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

// forget drops what was read of files that jobs have written since.
func (r *run) forget(jobs []*Plan) {
	written := func(path string) bool {
		return slices.ContainsFunc(r.writers(path), func(d destination) bool { return slices.Contains(jobs, d.plan) })
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

// foreseen returns what a file will hold after the run, if a dry run has rendered it.
func (r *run) foreseen(path string) ([]byte, bool) {
	if !r.dryRun {
		return nil, false
	}
	for _, d := range r.writers(path) {
		if d.plan.done && d.plan.report.Err == nil {
			return d.plan.outputs[d.index].Bytes, true
		}
	}
	return nil, false
}

// wake marks unchanged jobs for rendering if they read what a job of this run is about
// to write.
func (r *run) wake() {
	for again := true; again; {
		again = false
		for _, p := range r.plans {
			if by := r.readsFrom(p); p.check.unchanged && by != nil {
				p.check.unchanged, p.check.why = false, "it reads what job "+by.Job.Name+" writes"
				again = true
			}
		}
	}
}

// readsFrom returns a job that will be rendered and writes what p read when it
// was last rendered.
func (r *run) readsFrom(p *Plan) *Plan {
	for _, path := range r.reads(p) {
		for _, d := range r.writers(path) {
			c := &d.plan.check
			if d.plan != p && !c.unchanged && !(r.blind && c.unanswered != nil) {
				return d.plan
			}
		}
	}
	return nil
}

// reads returns the files that the last render of p has read.
func (r *run) reads(p *Plan) (paths []string) {
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

// Arrange returns, by job, the faults of destinations and order that can be found
// without executing templates.
func Arrange(env Env, jobs []job.Job, units [][]job.Unit) []error {
	r := newRun(env, Options{}, jobs)
	r.expand()
	r.checkDestinations()
	for i, p := range r.plans {
		if p.misplaced {
			continue
		}
		for _, path := range staticReads(units[i]) {
			if _, err := r.waitFor(p, path); err != nil {
				p.fail(err)
			}
		}
	}
	left := slices.Clone(r.plans)
	for len(left) > 0 {
		n := len(left)
		left = slices.DeleteFunc(left, func(p *Plan) bool {
			p.done = !slices.ContainsFunc(p.waits, func(w *Plan) bool { return !w.done })
			return p.done
		})
		if len(left) < n {
			continue
		}
		for _, p := range left {
			p.waits = slices.DeleteFunc(p.waits, func(w *Plan) bool { return w.done })
		}
		failCycle(left)
		left = slices.DeleteFunc(left, func(p *Plan) bool {
			_, p.done = errors.AsType[*CycleError](p.report.Err)
			return p.done
		})
	}
	errs := make([]error, len(jobs))
	for i, p := range r.plans {
		errs[i] = p.report.Err
	}
	return errs
}

// staticReads returns the templates and the constant arguments of their calls of file.
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
