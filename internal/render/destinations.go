package render

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/txn/fsys"
)

// Own is a file or directory that a run reads or keeps for itself. No job may
// write it.
type Own struct {
	What string // "the config", "the state directory"
	Path string // absolute
	// Below: it is a directory, and nothing below it may be written; with Ext,
	// no file of that extension directly in it.
	Below bool
	Ext   string
}

// PlaceError: a destination is a file that the run reads, keeps or writes
// already, perhaps by another name.
type PlaceError struct {
	Dest string
	Is   string
}

func (e *PlaceError) Error() string { return "destination " + e.Dest + " " + e.Is }

// CycleError: jobs read each other's destinations, so that none can be first.
type CycleError struct{ Jobs []string }

func (e *CycleError) Error() string {
	return "each of these jobs reads what the next one writes: " + strings.Join(e.Jobs, " -> ")
}

// destination is one file that a run writes.
type destination struct {
	planned *Planned
	index   int // in Job.Files
	id      fsys.Identity
}

func (d destination) file() job.File { return d.planned.Job.Files[d.index] }

// guard finds out where all destinations lead and fails the jobs that must not
// be rendered there. Nothing was fetched or written yet.
func (r *round) guard() {
	if r.o.NoDisk {
		return
	}
	for _, p := range r.planned {
		for i, f := range p.Job.Files {
			if f.Dest != "" {
				r.addDestination(p, i)
			}
		}
	}
	for _, d := range r.dests {
		if is := r.conflict(d); is != "" {
			d.planned.misplaced = true
			d.planned.fail(&PlaceError{r.w.Disk.Host(d.file().Dest), is})
		}
	}
}

// addDestination notes where a file goes. A destination that can never be a
// file is refused now; all else that is wrong with it is found by the diff.
func (r *round) addDestination(p *Planned, i int) {
	dest := p.Job.Files[i].Dest
	if err := r.w.Disk.CheckKind(dest); err != nil {
		p.misplaced = true
		p.fail(err)
		return
	}
	if id, err := r.w.Disk.Identify(dest); err == nil {
		r.dests = append(r.dests, destination{p, i, id})
	}
}

// conflict says what else a destination is; "" if nothing.
func (r *round) conflict(d destination) string {
	for _, own := range r.w.Own {
		if r.isOwn(d, own) {
			if own.Below && own.Ext == "" {
				return fmt.Sprintf("is in %s, %s", own.What, own.Path)
			}
			return fmt.Sprintf("is %s, %s", own.What, own.Path)
		}
	}
	for _, f := range d.planned.Job.Files {
		if id, ok := r.identify(f.Src); ok && id.Same(d.id) {
			return "is also the template " + f.Src + " of the same job"
		}
	}
	for _, other := range r.dests {
		if (other.planned != d.planned || other.index != d.index) && other.id.Same(d.id) {
			return fmt.Sprintf("is the same file as destination %s of job %s (%s)",
				r.w.Disk.Host(other.file().Dest), other.planned.Job.Name, other.planned.Job.Origin)
		}
	}
	return ""
}

func (r *round) isOwn(d destination, own Own) bool {
	id, ok := r.identify(own.Path)
	switch {
	case !ok:
		return false
	case !own.Below:
		return d.id.Same(id)
	case own.Ext == "":
		return d.id.Below(id)
	}
	dest := d.file().Dest
	dir, err := r.w.Disk.IdentifyHost(r.w.Disk.Host(filepath.Dir(dest)))
	return err == nil && dir.Same(id) && filepath.Ext(dest) == own.Ext
}

// identify finds out which file a path of the machine is, once a run: a file
// is known by its place before it is made.
func (r *round) identify(path string) (fsys.Identity, bool) {
	if !filepath.IsAbs(path) { // none, or standard input
		return fsys.Identity{}, false
	}
	id, known := r.ids[path]
	if !known {
		id, _ = r.w.Disk.IdentifyHost(path) // zero: like no other
		r.ids[path] = id
	}
	return id, true
}

// writers returns the destinations that are the file path.
func (r *round) writers(path string) (found []destination) {
	id, ok := r.identify(path)
	for _, d := range r.dests {
		if ok && d.id.Same(id) {
			found = append(found, d)
		}
	}
	return found
}
