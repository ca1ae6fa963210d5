package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

// What fails is tried again after a second, doubling up to the longest pause:
// of what AWS does not answer, and of what waits for somebody to put a secret or
// to mend a file.
const (
	firstRetry    = time.Second
	longestOutage = 5 * time.Minute
	longestFault  = time.Minute
)

// Results of a tick, in the metrics.
const (
	quiet    = "quiet"
	rendered = "rendered"
	failed   = "failed"
)

// The exit codes of a render that matter here: cmd/credrender has them all.
const (
	codeOK      = 0
	codeFailed  = 1
	codeSecret  = 3
	codeRefused = 4
)

// tick does what is due, and returns what that means for the plan.
func (d *Daemon) tick(ctx context.Context, due schedule.Due) func(*schedule.Plan) {
	began := d.o.Now()
	c, jobs := d.take(due)
	jobs, afterHold := d.dropHeld(c, jobs)
	d.sayOutdated(c)
	found := d.look(ctx, c, jobs)
	var end ending
	if len(found.busy) > 0 {
		end = d.render(ctx, c, found.busy, found.changed)
	}
	then := d.settle(c, jobs, found, began, end)
	d.storeOutcomes(c)
	d.tellReady(c)
	d.writeTextfile()
	return func(p *schedule.Plan) {
		then(p)
		afterHold(p)
	}
}

// take returns the config in force and its jobs that are due.
func (d *Daemon) take(due schedule.Due) (*Config, []job.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var jobs []job.Job
	for _, id := range due.IDs {
		j := find(d.config.Jobs, id)
		if j == nil {
			continue
		}
		jobs = append(jobs, *j)
		s := d.of(id)
		s.attempted = true
		if n := due.Skipped[id]; n > 0 {
			s.skipped += n
			d.o.Log.Warn(fmt.Sprintf("%s: %d of its ticks were skipped: the run before took too long, or the machine slept", j.Name, n), "job", j.Name, "skipped", n)
		}
	}
	d.allowed = allowance(d.config.Timeout, jobs)
	return d.config, jobs
}

// of returns a job's counters. The caller holds mu.
func (d *Daemon) of(id string) *jobStats {
	s := d.stats[id]
	if s == nil {
		s = &jobStats{ticks: map[string]int{}}
		d.stats[id] = s
	}
	return s
}

// allowance is the longest that a run of jobs can take if nothing hangs: two
// looks, waiting for another run, and every command at its limit.
func allowance(fetching time.Duration, jobs []job.Job) time.Duration {
	limit := 2*fetching + 2*time.Minute
	for _, j := range jobs {
		limit += time.Duration(len(j.Files)+2)*j.CheckTimeout + j.HookTimeout
	}
	return limit
}

// found is what a look has found.
type found struct {
	busy    []job.Job // to be rendered
	changed bool      // a lookup of theirs is known to have another answer
	unseen  []job.Job // no answer: their files stay, and they are looked at again
}

// look sorts jobs by what is to be done. What is known to be overloaded or out
// of reach is not asked for a render too, nor is a job rendered whose state is
// damaged; all else that cannot be looked at is rendered, which says why.
func (d *Daemon) look(ctx context.Context, c *Config, jobs []job.Job) (f found) {
	looks, err := c.Look(ctx, jobs)
	d.sayStateless(errors.Is(err, render.ErrNoState))
	if err != nil {
		d.o.Log.Debug(fmt.Sprintf("look: %v", err))
		return found{busy: jobs}
	}
	for _, l := range looks {
		corrupt, _ := errors.AsType[*state.CorruptError](l.Err)
		switch {
		case corrupt != nil && corrupt.Of(l.Job.ID), l.Err == nil && l.Unseen != nil:
			f.unseen = append(f.unseen, *l.Job)
		case l.Err != nil || !l.Quiet:
			d.o.Log.Debug(fmt.Sprintf("%s: to be rendered: %s", l.Job.Name, l.Why), "job", l.Job.Name)
			f.busy = append(f.busy, *l.Job)
			f.changed = f.changed || l.Changed
		}
		d.sayUnseen(l)
	}
	return f
}

// sayUnseen says once that a job cannot be looked at, and once that it can.
func (d *Daemon) sayUnseen(l render.Look) {
	d.mu.Lock()
	s := d.of(l.Job.ID)
	before := s.unseen
	if l.Quiet || l.Changed || l.Unseen != nil { // else nobody was asked
		s.unseen = l.Unseen != nil
	}
	after := s.unseen
	d.mu.Unlock()
	switch {
	case l.Unseen != nil && !before:
		d.o.Log.Warn(fmt.Sprintf("%s: %v; its files stay, and it is tried again", l.Job.Name, l.Unseen), "job", l.Job.Name)
	case l.Unseen != nil:
		d.o.Log.Debug(fmt.Sprintf("%s: %v", l.Job.Name, l.Unseen), "job", l.Job.Name)
	case before && !after:
		d.o.Log.Info(fmt.Sprintf("%s: its store answers again", l.Job.Name), "job", l.Job.Name)
	}
}

// settle counts how each job has fared, and plans what has to be tried again.
func (d *Daemon) settle(c *Config, jobs []job.Job, f found, began time.Time, end ending) func(*schedule.Plan) {
	st := c.stored()
	d.sayStored(c, st)
	hold, sooner := map[string]time.Time{}, map[string]time.Time{}
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range jobs {
		s, isBusy := d.of(j.ID), find(f.busy, j.ID) != nil
		rec := st.recordOf(j)
		result := codeOK
		switch {
		case isBusy && rec.LastRun.Before(began):
			// It did not come so far, or there is no state to tell.
			result = end.code
			s.outcome = end.outcome(now)
			s.lost = end.err != nil || end.code != codeOK && st.err == nil
		case isBusy:
			result = rec.Result.Code
			s.outcome, s.lost = state.Outcome{}, false
		case find(f.unseen, j.ID) != nil:
			result = codeFailed
		default: // quiet: its files are known to be right
			s.outcome, s.lost = state.Outcome{}, false
		}
		s.count(isBusy, result)
		if limit := longest(result, s.lost); limit > 0 {
			hold[j.ID] = now.Add(d.pause(s.fails, limit))
		}
		if rec.Debt != nil && rec.Debt.Next.After(now) {
			sooner[j.ID] = rec.Debt.Next
		}
	}
	return func(p *schedule.Plan) {
		for id, at := range hold {
			p.Hold(id, at)
		}
		for id, at := range sooner {
			p.Sooner(id, at)
		}
	}
}

func (s *jobStats) count(busy bool, code int) {
	s.fails++
	switch {
	case code != codeOK:
		s.ticks[failed]++
		return
	case busy:
		s.ticks[rendered]++
	default:
		s.ticks[quiet]++
	}
	s.fails = 0
}

// longest is the longest pause before a job that failed so is tried again; 0:
// its schedule says when. A process that recorded nothing has most likely crashed,
// whatever code it ended with: Go's is 2.
func longest(code int, lost bool) time.Duration {
	if lost {
		return longestOutage
	}
	switch code {
	case codeFailed:
		return longestOutage
	case codeSecret, codeRefused:
		return longestFault
	}
	return 0
}

// pause is between half and the whole of the backoff.
func (d *Daemon) pause(fails int, limit time.Duration) time.Duration {
	pause := firstRetry
	for i := 1; i < fails && pause < limit; i++ {
		pause *= 2
	}
	pause = min(pause, limit)
	return pause/2 + time.Duration(d.o.Jitter()*float64(pause/2))
}

// tellReady tells systemd, once, when each job has been tried and has its files.
func (d *Daemon) tellReady(c *Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready || len(d.lacking(c)) > 0 {
		return
	}
	d.ready = true
	d.o.Notify.Send("READY=1")
}

// lacking names the jobs that were not tried yet, cannot be run or lack a file.
// The caller holds mu.
func (d *Daemon) lacking(c *Config) (names []string) {
	for _, j := range c.Jobs {
		s := d.stats[j.ID]
		if s == nil || !s.attempted || s.lost || slices.ContainsFunc(j.Files, func(f job.File) bool { return !c.Present(f.Dest) }) {
			names = append(names, j.Name)
		}
	}
	return names
}

// sayOutdated says once that the config on the disk is not the one in force.
func (d *Daemon) sayOutdated(c *Config) {
	if c.Outdated == nil || !c.Outdated() {
		return
	}
	d.mu.Lock()
	said := d.outdated
	d.outdated = true
	d.mu.Unlock()
	if !said {
		d.o.Log.Warn("the config has changed on the disk; SIGHUP (systemctl reload) puts it in force")
	}
}
