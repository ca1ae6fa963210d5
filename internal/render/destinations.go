package render

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Own is a file or directory of the run itself, which no job may write.
type Own struct {
	What string // "the config", "the state directory"
	Path string // absolute
	// Below: it is a directory, and nothing below it may be written; with Ext,
	// no file of that extension directly in it.
	Below bool
	Ext   string
	// Job is the job of the config that reads or writes the file, if any.
	Job string
}

// PlaceError is the error of a destination that the run already reads, keeps or writes,
// perhaps under another name.
type PlaceError struct {
	Dest string
	Is   string
	Job  string // as in [Own]
}

func (e *PlaceError) Error() string { return "destination " + e.Dest + " " + e.Is }

// CycleError is the error of jobs that read each other's destinations, so that none can
// be first.
type CycleError struct{ Jobs []string }

func (e *CycleError) Error() string {
	return "each of these jobs reads what the next one writes: " + strings.Join(e.Jobs, " -> ")
}

// destination is one file that a run writes.
type destination struct {
	plan  *Plan
	index int // in Job.Files; -1: a file that the job no longer makes
	id    fsys.Identity
	dest  string
}

// checkDestinations resolves all destinations, and fails the jobs that must not write
// theirs before anything is fetched or written.
func (r *run) checkDestinations() {
	if r.o.NoDisk {
		return
	}
	for _, p := range r.plans {
		if p.Job.IsMany() {
			continue // they could not be told
		}
		for i, f := range p.Job.Files {
			if f.Dest != "" {
				r.addDestination(p, i)
			}
		}
	}
	for _, d := range r.dests {
		if is, of := r.conflict(d); is != "" {
			d.plan.misplace(&PlaceError{r.env.Disk.Host(d.dest), is, of})
		}
	}
	for _, p := range r.plans {
		p.placed = true
	}
}

// misplace fails a job for a destination, unless an earlier check of the same ones has.
func (p *Plan) misplace(err error) {
	if !p.placed {
		p.misplaced = true
		p.fail(err)
	}
}

// addDestination resolves a destination. One that can never be a file is refused now;
// diff finds all other faults.
func (r *run) addDestination(p *Plan, i int) {
	dest := p.Job.Files[i].Dest
	if err := r.env.Disk.CheckKind(dest); err != nil {
		p.misplace(err)
		return
	}
	if id, err := r.env.Disk.Identify(dest); err == nil {
		if r.byKey == nil {
			r.byKey = map[fsys.Key][]int{}
		}
		for _, key := range id.Keys() {
			r.byKey[key] = append(r.byKey[key], len(r.dests))
		}
		r.dests = append(r.dests, destination{p, i, id, dest})
	}
}

// conflict returns what else a destination is, or "", and the config's job in it.
func (r *run) conflict(d destination) (is, ofJob string) {
	for _, own := range r.env.Own {
		if r.isOwn(d, own) {
			if own.Below && own.Ext == "" {
				return fmt.Sprintf("is in %s, %s", own.What, own.Path), own.Job
			}
			return fmt.Sprintf("is %s, %s", own.What, own.Path), own.Job
		}
	}
	if dir := r.inFolder(d); dir != "" {
		return "is in the folder of templates " + dir, ""
	}
	for _, p := range r.plans {
		for _, path := range p.Job.Partials {
			if id, ok := r.identify(path); ok && id.Same(d.id) {
				return "is also a partial of job " + p.Job.Name + ", " + path, ""
			}
		}
	}
	for _, key := range d.id.Keys() {
		if src := r.sources(d.plan)[key]; src != "" {
			return "is also the template " + src + " of the same job", ""
		}
	}
	for _, other := range r.same(d.id) {
		if other.plan != d.plan || other.index != d.index {
			return fmt.Sprintf("is the same file as destination %s of job %s (%s)",
				r.env.Disk.Host(other.dest), other.plan.Job.Name, other.plan.Job.Origin), ""
		}
	}
	return "", ""
}

func (r *run) isOwn(d destination, own Own) bool {
	id, ok := r.identify(own.Path)
	switch {
	case !ok:
		return false
	case !own.Below:
		return d.id.Same(id)
	case own.Ext == "":
		return d.id.Below(id)
	}
	dest := d.dest
	dir, err := r.env.Disk.IdentifyHost(r.env.Disk.Host(filepath.Dir(dest)))
	return err == nil && dir.Same(id) && filepath.Ext(dest) == own.Ext
}

// identify returns the identity of a file of the machine, found once a run. A file that
// does not exist yet is identified by its directory and name.
func (r *run) identify(path string) (fsys.Identity, bool) {
	if !filepath.IsAbs(path) { // none, or standard input
		return fsys.Identity{}, false
	}
	id, known := r.ids[path]
	if !known {
		id, _ = r.env.Disk.IdentifyHost(path) // zero: like no other
		r.ids[path] = id
	}
	return id, true
}

// writers returns the destinations that are the file at path.
func (r *run) writers(path string) (found []destination) {
	id, ok := r.identify(path)
	if !ok {
		return nil
	}
	return r.same(id)
}

// same returns the destinations of an identity, in order.
func (r *run) same(id fsys.Identity) (found []destination) {
	var at []int
	for _, key := range id.Keys() {
		at = append(at, r.byKey[key]...)
	}
	slices.Sort(at)
	for _, i := range slices.Compact(at) {
		found = append(found, r.dests[i])
	}
	return found
}

// sources returns the templates of a job by the keys of their identities.
func (r *run) sources(p *Plan) map[fsys.Key]string {
	if p.sources != nil && p.sourcesOf == p.Job {
		return p.sources
	}
	p.sources, p.sourcesOf = map[fsys.Key]string{}, p.Job
	for _, f := range p.Job.Files {
		id, _ := r.identify(f.Src)
		for _, key := range id.Keys() {
			p.sources[key] = f.Src
		}
	}
	return p.sources
}
