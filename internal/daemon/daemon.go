// Package daemon runs the jobs of a config on their schedules.
//
// At each tick it makes a change check ([Config.Check]): it compares the versions
// of secrets and the metadata of files with what the last render recorded. Jobs
// for which something may have changed are rendered by a child process
// ([Config.Render]), which logs to standard error, records its results in the
// state directory, and reports counts and times alone. So the daemon never
// receives plaintext.
//
// [Daemon.Run] owns one [schedule.Loop]. A reload replaces the [Config] between
// two turns of the loop; a run under way keeps the one that it began with. What
// fails is tried again with backoff and jitter, so that a fleet does not come
// back all at once.
//
// [Notifier] reports to systemd, [Daemon.Handler] and [Daemon.WriteTextfile] to
// people and Prometheus.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

// Config is one version of the config, with the functions that act on it.
type Config struct {
	Jobs []job.Job
	// Check runs the change check of jobs, without reading a secret.
	Check func(ctx context.Context, jobs []job.Job) ([]render.CheckResult, error)
	// Render renders jobs in a child process. The error is for a child that could
	// not be started, or did not end by itself.
	Render func(ctx context.Context, o Order) (Ended, error)
	// Records reads the state of all jobs. The error has a *state.CorruptError for
	// each file that cannot be read, beside those that can.
	Records func() ([]state.Record, error)
	// Holds returns the holds of jobs that are active, by id, beside an error for
	// those that cannot be read; nil: there are none.
	Holds func() (map[string]state.Hold, error)
	// Store stores what the daemon alone knows: runs that recorded nothing. It is
	// called when that has changed; nil: it is not stored.
	Store func(map[string]state.Outcome) error
	// Missing returns which destination of a job is missing, or "".
	Missing func(j job.Job) (why string)
	// Installed returns why the files of a job are not the ones that this machine
	// installed by its record, or "".
	Installed func(j job.Job, rec state.Record) (why string)
	// Outdated reports whether the files on the disk differ from those read.
	Outdated func() bool
	// Timeout bounds how long Check and Render wait for stores.
	Timeout time.Duration
	// Hash identifies the text of the config, and Modified is when a file of it
	// was last written; both for the metrics.
	Hash     string
	Modified time.Time
}

// Order is the task of one child process.
type Order struct {
	RunID string   // for logs
	Names []string // of the jobs
	// Changed skips the change check of the child: the daemon has seen a change.
	Changed bool
	// MayRunHooks is called when the files of jobs are in place; false leaves their
	// hooks pending. nil runs them.
	MayRunHooks func(names []string) bool
	// Stop is closed when the daemon is told to stop: a run that has not begun to
	// change files ends.
	Stop <-chan struct{}
	// LogRepeats also logs failures that earlier runs logged.
	LogRepeats bool
	// Terse shortens the traces of a crash, after the first in a row.
	Terse bool
}

// Ended is how a child process ended.
type Ended struct {
	Code   int
	Report *Report // nil: it ended without one
}

// Options are what a Daemon needs.
type Options struct {
	Now  func() time.Time
	Host string // for shares of splays
	// Load reads the config: at the start, and at each reload.
	Load func(ctx context.Context) (*Config, error)
	// Reload and All deliver SIGHUP and SIGUSR1.
	Reload, All <-chan os.Signal
	Log         *slog.Logger
	Notify      *Notifier // nil: there is no systemd
	// BootWait is how long a start whose files are in place waits for the first
	// change check.
	BootWait time.Duration
	// BootLimit is how long systemd's start waits for missing files before it
	// fails; 0: forever.
	BootLimit time.Duration
	// BestEffort lets a start succeed without its files.
	BestEffort bool
	// Jitter returns a number from 0 up to but not including 1.
	Jitter func() float64
	// NewRunID returns another id each time; nil: runs have none.
	NewRunID func() string
	// Textfile is where metrics are written after each tick; empty: nowhere.
	Textfile string
	// Version is the program's, and GoVersion the compiler's, for the metrics.
	Version, GoVersion string
	// Usage returns what the daemon itself has asked of AWS so far; nil: not counted.
	Usage func() Usage
}

// Daemon is created by [New].
type Daemon struct {
	stopping <-chan struct{} // closed when the daemon is told to stop; nil before Run
	o        Options
	loop     *schedule.Loop
	troubles troubles
	fail     context.CancelCauseFunc // ends Run with an error

	textfile sync.Mutex // serializes writes of the textfile
	shown    time.Time  // when it was last written; guarded by textfile

	mu      sync.Mutex // guards what is below
	config  *Config
	stats   map[string]*jobStats // by ID
	totals  totals
	reloads reloads
	next    map[string]time.Time
	beat    time.Time     // of the last turn
	allowed time.Duration // how long the run under way may take
	running time.Duration // how long it has taken
	busy    bool          // a tick is under way
	loud    bool          // the next run logs failures that were logged before
	started time.Time
	boot    boot
	status  string                   // the last STATUS= sent to systemd
	stored  map[string]state.Outcome // what Store was last given, and took
}

// jobStats are the facts of a job that are not in the state directory.
type jobStats struct {
	attempted bool
	good      bool // a run or change check since the start succeeded
	fails     int  // in a row
	ticks     map[string]int
	skipped   int
	run       time.Time     // of the last attempt
	success   time.Time     // of the last one that succeeded
	outcome   state.Outcome // of a failed run that recorded nothing
	held      time.Time     // until then it is held, which was logged
	lost      loss          // how that run was lost, if it was
	deferred  bool          // its hook waits for READY
}

type reloads struct {
	ok   bool
	last time.Time // that was good
}

// New returns a daemon with its config loaded. It runs nothing yet.
func New(ctx context.Context, o Options) (*Daemon, error) {
	c, err := o.Load(ctx)
	if err != nil {
		return nil, err
	}
	now := o.Now()
	d := &Daemon{
		o: o, config: c, started: now, beat: now, shown: now, totals: newTotals(), fail: func(error) {},
		stats: map[string]*jobStats{}, next: map[string]time.Time{}, reloads: reloads{true, now},
		troubles: troubles{now: o.Now, log: o.Log, known: map[string]state.Result{}},
	}
	d.boot.done = o.Notify == nil
	plan := schedule.NewPlan(o.Host)
	plan.Set(now, entries(c.Jobs))
	d.loop = schedule.NewLoop(o.Now, plan, d.tick)
	d.loop.Beat = d.turn
	if w := o.Notify.Watchdog(); w > 0 {
		d.loop.Every = w / 3
	}
	return d, nil
}

// entries returns the schedules of jobs.
func entries(jobs []job.Job) []schedule.Entry {
	list := make([]schedule.Entry, 0, len(jobs))
	for _, j := range jobs {
		list = append(list, schedule.Entry{ID: j.ID, Schedule: j.Schedule, Splay: j.Splay})
	}
	return list
}

// Run runs until ctx is done, and then until a run under way has ended. The error is
// that of a start that failed while systemd waited for it.
func (d *Daemon) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	ctx, d.fail = context.WithCancelCause(ctx)
	defer d.fail(nil)
	d.stopping = ctx.Done()
	stopBoot := d.watchBoot()
	defer stopBoot()
	wg.Go(func() { d.hear(ctx) })
	d.loop.Run(ctx)
	wg.Wait()
	if failed, ok := errors.AsType[*StartError](context.Cause(ctx)); ok {
		return failed
	}
	return nil
}

// hear handles signals.
func (d *Daemon) hear(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			d.o.Notify.Send("STOPPING=1")
			return
		case <-d.o.Reload:
			d.reload(ctx)
		case <-d.o.All:
			d.logAnew()
			d.loop.Change(func(p *schedule.Plan) { p.All(d.o.Now()) })
		}
	}
}

// logAnew logs failures again that were logged before, because an operator has asked
// for a run.
func (d *Daemon) logAnew() {
	d.troubles.forget()
	d.mu.Lock()
	d.loud = true
	d.mu.Unlock()
}

// reload puts another config in force, or keeps the current one.
func (d *Daemon) reload(ctx context.Context) {
	d.mu.Lock()
	isStarted := d.boot.done
	d.mu.Unlock()
	if isStarted { // else READY=1 would end the start
		d.o.Notify.Reloading()
		defer d.o.Notify.Send("READY=1") // systemd waits for it even if the reload fails
	}
	c, err := d.o.Load(ctx)
	if err != nil {
		d.mu.Lock()
		d.reloads.ok = false
		d.mu.Unlock()
		d.o.Log.Error(fmt.Sprintf("the config is refused; the old one stays in force: %v", err))
		d.tell("the config on disk is refused; an older one is in force: " + err.Error())
		return
	}
	d.loop.Change(func(p *schedule.Plan) { d.replace(p, c) })
	d.o.Log.Info(fmt.Sprintf("reloaded the config: %d jobs", len(c.Jobs)))
}

// replace is called between two turns of the loop. New and changed jobs are due
// at once.
func (d *Daemon) replace(p *schedule.Plan, c *Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	p.Set(now, entries(c.Jobs))
	for i := range c.Jobs {
		id := c.Jobs[i].ID
		if old := find(d.config.Jobs, id); old == nil || !render.SameJob(*old, c.Jobs[i]) {
			p.Sooner(id, now)
			d.of(id).good = false
		}
	}
	maps.DeleteFunc(d.stats, func(id string, _ *jobStats) bool { return find(c.Jobs, id) == nil })
	d.troubles.forget()
	d.troubles.drop(outdatedConfig)
	d.loud = true
	d.config, d.reloads = c, reloads{true, now}
}

func find(jobs []job.Job, id string) *job.Job {
	i := slices.IndexFunc(jobs, func(j job.Job) bool { return j.ID == id })
	if i < 0 {
		return nil
	}
	return &jobs[i]
}

// turn is called at each turn of the loop: it feeds the watchdog as long as the
// run under way, if any, takes no longer than its parts may.
func (d *Daemon) turn(running time.Duration) {
	d.mu.Lock()
	d.beat, d.running = d.o.Now(), running
	clear(d.next)
	for _, j := range d.config.Jobs {
		d.next[j.ID] = d.loop.Plan.When(j.ID)
	}
	healthy := d.healthy()
	d.mu.Unlock()
	if healthy {
		d.o.Notify.Send("WATCHDOG=1")
	}
	d.refreshTextfile()
}

// healthy reports progress. The caller holds mu. A run that takes too long is
// ended by the daemon itself, which gets a minute for that.
func (d *Daemon) healthy() bool {
	age := d.o.Now().Sub(d.beat)
	return age < 3*schedule.Turn && (d.running == 0 || d.running <= d.allowed+time.Minute)
}
