package daemon

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
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

// dropHeld takes the jobs that an operator holds out of those that are due. It logs
// once that a job is held and once that it is not any more. after makes the plan
// run each of them when its hold ends, if its schedule does not before.
func (d *Daemon) dropHeld(c *Config, jobs []job.Job) (free []job.Job, after func(*schedule.Plan)) {
	holds, err := c.holds()
	d.logHoldFault(err)
	ends := map[string]time.Time{}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range jobs {
		h, held := holds[j.ID]
		s := d.of(j.ID)
		switch {
		case held && !s.held.Equal(h.Until):
			d.o.Log.Warn(fmt.Sprintf("%s: not rendered: held until %s: %s", j.Name, h.Until.Local().Format("2006-01-02 15:04:05 MST"), h.Reason), "job", j.Name)
		case !held && !s.held.IsZero():
			d.o.Log.Info(fmt.Sprintf("%s: no longer held", j.Name), "job", j.Name)
		}
		s.held = time.Time{}
		if !held {
			free = append(free, j)
			continue
		}
		s.held, ends[j.ID] = h.Until, h.Until
	}
	return free, func(p *schedule.Plan) {
		for id, at := range ends {
			p.Sooner(id, at)
		}
	}
}

// logHoldFault logs once that holds cannot be read.
func (d *Daemon) logHoldFault(err error) {
	const what = "reading holds"
	if err != nil {
		d.troubles.add(what, slog.LevelError, fmt.Sprintf("read holds: %v; it holds no job: inspect the file, then remove it", err))
		return
	}
	d.troubles.end(what, "holds can be read again")
}

func (c *Config) holds() (map[string]state.Hold, error) {
	if c.Holds == nil {
		return nil, nil
	}
	return c.Holds()
}

// holdMetrics returns when the holds of jobs end.
func (c *Config) holdMetrics() []metric {
	held := gauge("credrender_job_held", "1 if an operator holds the job (credrender hold), otherwise 0.")
	until := gauge("credrender_job_held_until_timestamp_seconds", "When the hold of the job ends, in seconds since 1970. Absent without a hold.")
	holds, _ := c.holds() // the next tick logs the error
	for _, j := range c.Jobs {
		h, isHeld := holds[j.ID]
		held.add(flag(isHeld).value, "job_name", j.Name)
		until.addTime(h.Until, "job_name", j.Name)
	}
	return []metric{held, until}
}
