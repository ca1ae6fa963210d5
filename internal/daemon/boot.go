package daemon

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
)

// boot is the time until READY=1, which systemd's start waits for.
type boot struct {
	done    bool // READY was sent, or there is no systemd that waits for it
	waited  bool // BootWait has passed
	expired bool // BootLimit has passed
}

// StartError is why a start failed that systemd waited for.
type StartError struct {
	After time.Duration
	Why   []string // by job
}

func (e *StartError) Error() string {
	return fmt.Sprintf("the start failed: files are missing after %v: %s", e.After.Round(time.Second), strings.Join(e.Why, "; "))
}

// watchBoot ends the waits for the first change check and for missing files at their limits.
func (d *Daemon) watchBoot() (stop func()) {
	if d.o.Notify == nil {
		return func() {}
	}
	d.mu.Lock()
	jobs := len(d.config.Jobs)
	d.mu.Unlock()
	d.tell(fmt.Sprintf("starting: first run of %d jobs", jobs))
	wait := time.AfterFunc(d.o.BootWait, func() {
		d.mu.Lock()
		d.boot.waited = true
		d.mu.Unlock()
		if d.tellReady() {
			d.loop.Change(d.runDeferred)
		}
	})
	if d.o.BootLimit <= 0 {
		return func() { wait.Stop() }
	}
	limit := time.AfterFunc(d.o.BootLimit, d.expire)
	return func() { wait.Stop(); limit.Stop() }
}

// expire ends a start at its limit. Hooks that wait for READY run before, since
// the next start may fail as well.
func (d *Daemon) expire() {
	d.mu.Lock()
	d.boot.expired = true
	isOver := d.boot.done
	d.mu.Unlock()
	if isOver {
		return
	}
	if d.tellReady() {
		d.loop.Change(d.runDeferred)
		return
	}
	d.loop.Change(func(p *schedule.Plan) {
		d.runDeferred(p)
		d.mu.Lock()
		isIdle := !d.busy && !d.hasDeferred()
		d.mu.Unlock()
		if isIdle {
			d.failStart()
		}
	})
}

// failStart ends Run with the reasons.
func (d *Daemon) failStart() {
	e := &StartError{After: d.o.Now().Sub(d.started), Why: d.lacking(true)}
	d.tell(e.Error())
	d.fail(e)
}

// runDeferred makes the jobs due whose hooks waited for READY.
func (d *Daemon) runDeferred(p *schedule.Plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, s := range d.stats {
		if s.deferred {
			p.Sooner(id, d.o.Now())
		}
	}
}

func (d *Daemon) hasDeferred() bool {
	for _, s := range d.stats {
		if s.deferred && s.held.IsZero() {
			return true
		}
	}
	return false
}

// filesInPlace is called by a run before its hooks. It sends READY=1 if all files are in
// place now, and returns whether hooks may run.
func (d *Daemon) filesInPlace(names []string) (mayRunHooks bool) {
	d.mu.Lock()
	for _, j := range d.config.Jobs {
		if slices.Contains(names, j.Name) {
			s := d.of(j.ID)
			s.good, s.lost = true, ""
		}
	}
	d.boot.waited = true // the change check is over
	d.mu.Unlock()
	d.tellReady()
	return !d.defersHooks()
}

// defersHooks reports whether hooks have to wait for READY: the service that a hook
// reloads may wait for the daemon's start, which would wait for the hook.
func (d *Daemon) defersHooks() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.boot.done && !d.boot.expired
}

// tellReady sends READY=1 once, when all files are in place and either each job
// was tried or BootWait has passed. It reports whether it has just done so.
func (d *Daemon) tellReady() bool {
	d.mu.Lock()
	wait := d.boot.done || !d.boot.waited && !d.boot.expired && !d.triedAll()
	d.mu.Unlock()
	if wait {
		return false
	}
	lacking := d.lacking(true)
	d.mu.Lock()
	bestEffort := d.o.BestEffort && (d.boot.expired || d.triedAll())
	send := !d.boot.done && (len(lacking) == 0 || bestEffort)
	d.boot.done = d.boot.done || send
	d.mu.Unlock()
	switch {
	case !send:
		d.tell("waiting for files: " + strings.Join(lacking, "; "))
		return false
	case len(lacking) > 0:
		d.o.Log.Warn("ready without all files (ready: best-effort): " + strings.Join(lacking, "; "))
	}
	d.o.Notify.Send("READY=1")
	return true
}

// triedAll reports whether each job was tried, except held ones. The caller holds mu.
func (d *Daemon) triedAll() bool {
	for _, j := range d.config.Jobs {
		if s := d.stats[j.ID]; s == nil || !s.attempted && s.held.IsZero() {
			return false
		}
	}
	return !d.busy
}

// lacking returns the jobs whose files are not in place or that the daemon cannot run,
// with reasons if why is set. Before the first good run of a job its
// files count if this machine's state has them as installed; a package's default
// file does not.
func (d *Daemon) lacking(why bool) (list []string) {
	d.mu.Lock()
	c := d.config
	stats := map[string]jobStats{}
	for id, s := range d.stats {
		stats[id] = *s
	}
	d.mu.Unlock()
	read := sync.OnceValue(c.stored)
	for _, j := range c.Jobs {
		reason := reasonOf(c, j, stats[j.ID], read)
		switch {
		case reason == "":
		case why:
			list = append(list, j.Name+": "+reason)
		default:
			list = append(list, j.Name)
		}
	}
	return list
}

func reasonOf(c *Config, j job.Job, s jobStats, read func() stored) string {
	var reason string
	switch {
	case s.lost != "":
		reason = s.outcome.Error
	case s.good:
		reason = c.Missing(j)
	default:
		st := read()
		if e := st.damagedOf(j.ID); e != nil {
			return e.Error()
		}
		rec := st.recordOf(j)
		if reason = c.Installed(j, rec); reason != "" && rec.Result.Code != codeOK {
			reason += " (" + rec.Result.Error + ")"
		}
	}
	return reason
}

// tell sends a status line for systemctl status to systemd, if it has changed.
func (d *Daemon) tell(status string) {
	status, _, _ = strings.Cut(status, "\n")
	const most = 400
	if len(status) > most {
		status = strings.ToValidUTF8(status[:most], "") + "..."
	}
	d.mu.Lock()
	same := d.status == status
	d.status = status
	d.mu.Unlock()
	if !same {
		d.o.Notify.Send("STATUS=" + status)
	}
}

// tellStatus sends a summary of all jobs to systemd after a tick.
func (d *Daemon) tellStatus(c *Config, st stored) {
	var failing []string
	for _, j := range c.Jobs {
		d.mu.Lock()
		r := d.of(j.ID).outcome.Over(st.recordOf(j))
		d.mu.Unlock()
		switch {
		case r.Result.Code != codeOK:
			failing = append(failing, fmt.Sprintf("%s (exit code %d)", j.Name, r.Result.Code))
		case r.HookPending():
			failing = append(failing, j.Name+" (hook pending)")
		}
	}
	d.mu.Lock()
	refused, waits := !d.reloads.ok, !d.boot.done
	d.mu.Unlock()
	switch {
	case waits: // tellReady sends the reasons
	case refused:
	case len(failing) > 0:
		d.tell(fmt.Sprintf("%d of %d jobs failing: %s", len(failing), len(c.Jobs), strings.Join(failing, ", ")))
	default:
		d.tell(fmt.Sprintf("%d jobs up to date, checked at %s", len(c.Jobs), d.o.Now().Local().Format("15:04:05")))
	}
}
