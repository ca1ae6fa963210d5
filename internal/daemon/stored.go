package daemon

import (
	"fmt"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// stored is one reading of the state directory.
type stored struct {
	records []state.Record
	damaged []*state.CorruptError // the files that cannot be read
	err     error                 // nothing can
}

func (c *Config) stored() stored {
	records, err := c.Records()
	damaged, err := state.Damaged(err)
	return stored{records, damaged, err}
}

// recordOf is the state of a job: an empty one where there is none.
func (s stored) recordOf(j job.Job) state.Record {
	i := slices.IndexFunc(s.records, func(r state.Record) bool { return r.ID == j.ID })
	if i < 0 {
		return state.Record{}
	}
	return s.records[i]
}

// damagedOf returns what is the matter with the state of a job, or nil.
func (s stored) damagedOf(id string) *state.CorruptError {
	i := slices.IndexFunc(s.damaged, func(e *state.CorruptError) bool { return e.Of(id) })
	if i < 0 {
		return nil
	}
	return s.damaged[i]
}

// sayStored says once what cannot be read, and once that it can or is gone.
func (d *Daemon) sayStored(c *Config, s stored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.err != nil {
		if !d.unread {
			d.o.Log.Error(fmt.Sprintf("read state: %v", s.err))
		}
		d.unread = true
		return // of single files nothing is known
	}
	if d.unread {
		d.o.Log.Info("the state can be read again")
	}
	d.unread = false
	was := d.damaged
	d.damaged = map[string]bool{}
	for _, e := range s.damaged {
		if d.damaged[e.Path] = true; !was[e.Path] {
			d.o.Log.Error(e.Error() + "; " + blocked(c, e))
		}
	}
	for path := range was {
		if !d.damaged[path] {
			d.o.Log.Info(fmt.Sprintf("state file %s: no longer in the way", path))
		}
	}
}

// sayStateless says once that no tick can be quiet, and once that it can be.
func (d *Daemon) sayStateless(now bool) {
	d.mu.Lock()
	before := d.unwritten
	d.unwritten = now
	d.mu.Unlock()
	switch {
	case now && !before:
		d.o.Log.Warn("no state directory can be written: each tick renders all its jobs in full, and those with hooks fail")
	case before && !now:
		d.o.Log.Info("there is a state directory again: quiet ticks render nothing")
	}
}

// blocked says what a damaged file keeps from being done.
func blocked(c *Config, e *state.CorruptError) string {
	i := slices.IndexFunc(c.Jobs, func(j job.Job) bool { return e.Of(j.ID) })
	if i < 0 {
		return "it is of no job of this config: look at it, then remove it"
	}
	return fmt.Sprintf("%s is not rendered and keeps its files: look at it, then remove it", c.Jobs[i].Name)
}
