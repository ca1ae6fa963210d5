package daemon

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// stored is one reading of the state directory.
type stored struct {
	records []state.Record
	damaged []*state.CorruptError // the files that cannot be read
	err     error                 // nothing can be read
}

func (c *Config) stored() stored {
	records, err := c.Records()
	damaged, err := state.Damaged(err)
	return stored{records, damaged, err}
}

// recordOf returns the state of a job, or an empty one.
func (s stored) recordOf(j job.Job) state.Record {
	i := slices.IndexFunc(s.records, func(r state.Record) bool { return r.ID == j.ID })
	if i < 0 {
		return state.Record{}
	}
	return s.records[i]
}

// damagedOf returns why the state of a job cannot be read, or nil.
func (s stored) damagedOf(id string) *state.CorruptError {
	i := slices.IndexFunc(s.damaged, func(e *state.CorruptError) bool { return e.Of(id) })
	if i < 0 {
		return nil
	}
	return s.damaged[i]
}

// Troubles of the state directory as a whole.
const (
	readingState = "reading state"
	writingState = "writing state"
)

// logStored logs state that cannot be read, and when it can be read again.
func (d *Daemon) logStored(c *Config, s stored) {
	if s.err != nil {
		d.troubles.add(readingState, slog.LevelError, fmt.Sprintf("read state: %v", s.err))
		return // the state of single files is unknown
	}
	d.troubles.end(readingState, "the state can be read again")
	for _, e := range s.damaged {
		d.troubles.add(e.Path, slog.LevelError, e.Error()+"; "+blocked(c, e))
	}
	d.troubles.endOthers("/", func(path string) bool {
		return slices.ContainsFunc(s.damaged, func(e *state.CorruptError) bool { return e.Path == path })
	}, "state file %s: no longer blocks its job")
}

// logStateless logs that every run is a full one because there is no state directory, and
// when there is one again.
func (d *Daemon) logStateless(now bool) {
	if !now {
		d.troubles.end(writingState, "the state directory is writable again: unchanged runs render nothing")
		return
	}
	d.troubles.add(writingState, slog.LevelWarn, "no state directory can be written: each tick renders all its jobs in full, and those with hooks fail")
}

// blocked returns what a damaged file prevents, and what to do about it.
func blocked(c *Config, e *state.CorruptError) string {
	i := slices.IndexFunc(c.Jobs, func(j job.Job) bool { return e.Of(j.ID) })
	if i < 0 {
		return "it belongs to no job of this config: " + state.WayOut(e)
	}
	return fmt.Sprintf("%s is not rendered and keeps its files: %s", c.Jobs[i].Name, state.WayOut(e))
}
