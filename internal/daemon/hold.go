package daemon

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

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
