package render

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// ErrPruneState is the error of a job with prune and no state, which knows what it made.
var ErrPruneState = errors.New("a job with prune needs a state directory that can be written")

// ErrPruneLimit is the cause of a refusal to remove many files at once.
var ErrPruneLimit = errors.New("too many files to remove")

// leftovers finds the files that the job made earlier and no longer makes. With prune it
// adds their removal to the changes: of those alone that are as the job left them, and
// that nobody else makes or reads.
func (r *run) leftovers(p *Plan) error {
	if p.state == nil {
		if p.Job.Prune {
			return ErrPruneState
		}
		return nil
	}
	rec := p.state.Record()
	made := map[string]state.File{}
	maps.Copy(made, rec.Left)
	maps.Copy(made, rec.Files)
	total := len(made)
	for _, c := range p.Changes {
		delete(made, c.Path)
	}
	maps.DeleteFunc(made, func(path string, _ state.File) bool { return r.isGone(path) })
	p.left = made
	if !p.Job.Prune {
		return nil
	}
	var remove []job.Change
	for _, path := range slices.Sorted(maps.Keys(made)) {
		c, why := r.removal(p, path, made[path])
		if why == "" {
			remove = append(remove, c)
			continue
		}
		delete(p.left, path) // it is no longer ours
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("job %s: %s is not removed: it %s", p.Job.Name, path, why))
	}
	if limit := max(1, total*p.Job.PruneLimit/100); len(remove) > limit {
		return &RefusedError{What: "prune_limit", Err: fmt.Errorf("%w: %d of the %d files that the job made, and prune_limit %d%% allows %d",
			ErrPruneLimit, len(remove), total, p.Job.PruneLimit, limit)}
	}
	p.Changes = append(p.Changes, remove...)
	return nil
}

// isGone reports whether nothing is at a path of the host.
func (r *run) isGone(path string) bool {
	dest, ok := r.below(path)
	stamp, err := r.env.Disk.Stamp(dest)
	return ok && err == nil && stamp == ""
}

// removal returns the change that removes a file, or why it stays.
func (r *run) removal(p *Plan, path string, recorded state.File) (c job.Change, why string) {
	dest, ok := r.below(path)
	if !ok {
		return c, "is not below the root of this run"
	}
	if why := Altered(p.state, r.env.Disk, dest, recorded); why != "" {
		return c, why
	}
	id, err := r.env.Disk.Identify(dest)
	if err != nil {
		return c, "cannot be examined: " + err.Error()
	}
	d := destination{plan: p, index: -1, id: id, dest: dest}
	if is, _ := r.conflict(d); is != "" {
		return c, is
	}
	for _, rec := range r.records {
		if _, made := rec.Files[path]; made && rec.ID != p.Job.ID {
			return c, "is also a file of job " + rec.Name
		}
	}
	old, err := r.env.Disk.Inspect(dest)
	if err != nil {
		return c, "cannot be examined: " + err.Error()
	}
	return job.Change{File: job.File{Dest: dest}, Path: path, Kind: job.Remove, Mode: old.Mode, UID: job.Keep, GID: job.Keep, Old: old}, ""
}

// stillLeft returns what the job made earlier and is still in place.
func (p *Plan) stillLeft() map[string]state.File {
	for _, c := range p.Changes {
		if c.Kind == job.Remove {
			delete(p.left, c.Path)
		}
	}
	if len(p.left) == 0 {
		return nil
	}
	return p.left
}
