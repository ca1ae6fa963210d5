package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
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
	d.sayOutdated(c)
	busy, changed := d.look(ctx, c, jobs)
	code := codeOK
	if len(busy) > 0 {
		code = d.render(ctx, c, busy, changed)
	}
	then := d.settle(c, jobs, busy, began, code)
	d.tellReady(c)
	d.writeTextfile()
	return then
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

// look returns the jobs that are not quiet, and whether a lookup of theirs is
// known to have another answer. What cannot be looked at is rendered, which
// says why.
func (d *Daemon) look(ctx context.Context, c *Config, jobs []job.Job) (busy []job.Job, changed bool) {
	looks, err := c.Look(ctx, jobs)
	if err != nil {
		d.o.Log.Debug(fmt.Sprintf("look: %v", err))
		return jobs, false
	}
	for _, l := range looks {
		if l.Quiet && l.Err == nil {
			continue
		}
		d.o.Log.Debug(fmt.Sprintf("%s: to be rendered: %s", l.Job.Name, l.Why), "job", l.Job.Name)
		busy = append(busy, *l.Job)
		changed = changed || l.Changed
	}
	return busy, changed
}

func (d *Daemon) render(ctx context.Context, c *Config, busy []job.Job, changed bool) int {
	names := make([]string, 0, len(busy))
	for _, j := range busy {
		names = append(names, j.Name)
	}
	code, err := c.Render(ctx, names, changed)
	if err != nil {
		d.o.Log.Error(fmt.Sprintf("render %s: %v", strings.Join(names, ", "), err), "jobs", names)
		return codeFailed
	}
	return code
}

// settle counts how each job has fared, and plans what has to be tried again.
func (d *Daemon) settle(c *Config, jobs, busy []job.Job, began time.Time, code int) func(*schedule.Plan) {
	records, err := c.Records()
	if err != nil {
		d.o.Log.Error(fmt.Sprintf("read state: %v", err))
	}
	hold, sooner := map[string]time.Time{}, map[string]time.Time{}
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range jobs {
		s, isBusy := d.of(j.ID), slices.ContainsFunc(busy, func(b job.Job) bool { return b.ID == j.ID })
		i := slices.IndexFunc(records, func(r state.Record) bool { return r.ID == j.ID })
		result := codeOK
		switch {
		case isBusy && (i < 0 || records[i].LastRun.Before(began)):
			result = max(code, codeFailed) // it did not come so far
		case isBusy:
			result = records[i].Result.Code
		}
		s.count(isBusy, result)
		if limit := longest(result); limit > 0 {
			hold[j.ID] = now.Add(d.pause(s.fails, limit))
		}
		if i >= 0 && records[i].Debt != nil && records[i].Debt.Next.After(now) {
			sooner[j.ID] = records[i].Debt.Next
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
// its schedule says when.
func longest(code int) time.Duration {
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

// lacking names the jobs that were not tried yet or lack a file. The caller
// holds mu.
func (d *Daemon) lacking(c *Config) (names []string) {
	for _, j := range c.Jobs {
		s := d.stats[j.ID]
		if s == nil || !s.attempted || slices.ContainsFunc(j.Files, func(f job.File) bool { return !c.Present(f.Dest) }) {
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
