package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

// A failed job is retried after a second, doubling up to the longest pause: five minutes
// if AWS does not answer, one minute if an operator has to put a secret or fix a file.
const (
	firstRetry    = time.Second
	longestOutage = 5 * time.Minute
	longestFault  = time.Minute
)

// Results of a tick, in the metrics.
const (
	unchanged = "quiet"
	rendered  = "rendered"
	failed    = "failed"
)

// The exit codes of a render that the daemon tells apart; cmd/credrender has all.
const (
	codeOK      = 0
	codeFailed  = 1
	codeSecret  = 3
	codeRefused = 4
	codeHook    = 5
)

// tick runs the jobs that are due, and returns its changes to the plan.
func (d *Daemon) tick(ctx context.Context, due schedule.Due) func(*schedule.Plan) {
	began := d.o.Now()
	c, jobs := d.take(due)
	jobs, afterHold := d.dropHeld(c, jobs)
	d.logOutdated(c)
	found := d.check(ctx, c, jobs)
	var end ending
	if len(found.busy) > 0 {
		end = d.render(ctx, c, found.busy, Order{Changed: found.changed})
	}
	st := c.stored()
	d.logStored(c, st)
	then := d.finish(tickOf{jobs, found, began, end}, st)
	d.storeOutcomes(c)
	d.tellReady()
	d.tellStatus(c, st)
	d.writeTextfile()
	return func(p *schedule.Plan) {
		then(p)
		if !d.defersHooks() {
			d.runDeferred(p)
		}
		afterHold(p)
		d.mu.Lock()
		failsNow := d.boot.expired && !d.boot.done && !d.hasDeferred()
		d.mu.Unlock()
		if failsNow {
			d.failStart()
		}
	}
}

// take returns the config in force and its jobs that are due.
func (d *Daemon) take(due schedule.Due) (*Config, []job.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = true
	var jobs []job.Job
	for _, id := range due.IDs {
		j := find(d.config.Jobs, id)
		if j == nil {
			continue
		}
		jobs = append(jobs, *j)
		if n := due.Skipped[id]; n > 0 {
			d.of(id).skipped += n
			d.o.Log.Warn(fmt.Sprintf("%s: %d of its ticks were skipped: the previous run took too long, or the machine slept", j.Name, n), "job", j.Name, "skipped", n)
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
// change checks, waiting for another run, and every command at its limit.
func allowance(fetching time.Duration, jobs []job.Job) time.Duration {
	limit := 2*fetching + 2*time.Minute
	for _, j := range jobs {
		limit += time.Duration(commands(j)+2)*j.CheckTimeout + j.HookTimeout
	}
	return limit
}

// commands returns how many checks a job may run. A folder or list can make any number of
// files.
func commands(j job.Job) (n int) {
	const many = 1000
	for _, f := range j.Files {
		n++
		if f.IsMany() && !f.Check.IsZero() {
			n += many
		}
	}
	return n
}

// found is the result of a change check.
type found struct {
	busy       []job.Job // to render
	changed    bool      // the store has another version of one of their secrets
	unanswered []job.Job // no answer: their files stay, and they are checked again
}

// check runs the change check and sorts the jobs by its results. It leaves out jobs whose
// state is damaged, and those whose store is overloaded or out of reach: a render would
// only add to its load. Every other job that cannot be checked is rendered, and the
// render reports why.
func (d *Daemon) check(ctx context.Context, c *Config, jobs []job.Job) (f found) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // a check has nothing to finish, and AWS may be silent
		select {
		case <-d.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	results, err := c.Check(ctx, jobs)
	if ctx.Err() != nil {
		return found{unanswered: jobs} // nothing new is begun
	}
	d.logStateless(errors.Is(err, render.ErrNoState))
	if err != nil {
		d.o.Log.Debug(fmt.Sprintf("check for changes: %v", err))
		return found{busy: jobs}
	}
	for _, l := range results {
		corrupt, _ := errors.AsType[*state.CorruptError](l.Err)
		switch {
		case corrupt != nil && corrupt.Of(l.Job.ID), l.Err == nil && l.Unanswered != nil:
			f.unanswered = append(f.unanswered, *l.Job)
		case l.Err != nil || !l.Unchanged:
			d.o.Log.Debug(fmt.Sprintf("%s: to be rendered: %s", l.Job.Name, l.Why), "job", l.Job.Name)
			f.busy = append(f.busy, *l.Job)
			f.changed = f.changed || l.Changed
		}
		d.logUnanswered(l)
	}
	return f
}

// logUnanswered logs once that a job's store gives no answer, and once that it does.
func (d *Daemon) logUnanswered(l render.CheckResult) {
	what := "check of " + l.Job.ID
	switch {
	case l.Unanswered != nil:
		d.troubles.add(what, slog.LevelWarn, fmt.Sprintf("%s: %v; its files stay, and it will be retried", l.Job.Name, l.Unanswered), "job", l.Job.Name)
	case l.Unchanged || l.Changed: // else the store was not asked
		d.troubles.end(what, l.Job.Name+": its store is reachable again", "job", l.Job.Name)
	}
}

// tickOf is one tick, after its run.
type tickOf struct {
	jobs  []job.Job
	found found
	began time.Time
	end   ending
}

// finish notes how each job has fared, and plans what has to be tried again.
func (d *Daemon) finish(t tickOf, st stored) func(*schedule.Plan) {
	hold, sooner := map[string]time.Time{}, map[string]time.Time{}
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
	for _, j := range t.jobs {
		s, rec := d.of(j.ID), st.recordOf(j)
		result := d.judge(j, s, t, st)
		s.attempted, s.run = true, now
		s.count(find(t.found.busy, j.ID) != nil, result)
		if result == codeOK {
			s.success = now
		}
		s.good = s.good || result == codeOK || result == codeHook // whose files are in place
		s.deferred = find(t.found.busy, j.ID) != nil && result == codeOK && rec.PendingHook != nil && !rec.PendingHook.Next.After(now)
		if limit := longest(result, s.lost); limit > 0 {
			hold[j.ID] = now.Add(d.pause(s.fails, limit))
		}
		if rec.PendingHook != nil && rec.PendingHook.Next.After(now) {
			sooner[j.ID] = rec.PendingHook.Next
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

// judge returns the exit code of one job for this tick. The caller holds mu.
func (d *Daemon) judge(j job.Job, s *jobStats, t tickOf, st stored) int {
	rec, isBusy := st.recordOf(j), find(t.found.busy, j.ID) != nil
	result := codeOK
	switch {
	case isBusy && t.end.report != nil && slices.Contains(t.end.report.Stopped, j.Name):
		return codeFailed // of this daemon, which ends; nothing records it
	case isBusy && rec.LastRun.Before(t.began):
		if result, s.outcome, s.lost = t.end.recordless(j, d.o.Now()); s.lost != "" {
			d.logLost(j, s)
			return result
		}
	case isBusy:
		result = rec.Result.Code
		s.outcome, s.lost = state.Outcome{}, ""
	case find(t.found.unanswered, j.ID) != nil:
		return codeFailed
	default: // an unchanged run: its files are known to be right
		s.outcome, s.lost = state.Outcome{}, ""
	}
	if what := "run of " + j.ID; result == codeOK {
		d.troubles.end(what, j.Name+": succeeded again", "job", j.Name)
	} else {
		d.troubles.note(what, rec.Result.Error) // the child process has logged it
	}
	return result
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
		s.ticks[unchanged]++
	}
	s.fails = 0
}

// longest is the longest pause before a failed job is tried again; 0: it waits
// for its schedule. A lost run most likely crashed, whatever code it ended with:
// Go's is 2.
func longest(code int, lost loss) time.Duration {
	if lost != "" {
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

// outdatedConfig is the trouble of a config that was changed and not reloaded.
const outdatedConfig = "the config in force"

// logOutdated logs once that the config on the disk is not the one in force.
func (d *Daemon) logOutdated(c *Config) {
	if c.Outdated != nil && !d.troubles.has(outdatedConfig) && c.Outdated() {
		d.troubles.add(outdatedConfig, slog.LevelWarn, "the config has changed on disk; SIGHUP (systemctl reload) applies it")
	}
}
