// Package daemon runs the jobs of a config on their schedules, and is nearly
// always asleep.
//
// At each tick it looks ([Config.Look]) whether anything may have changed. It
// never holds plaintext, because it never gets any: the look compares versions
// and stamps, and what has to be rendered is rendered by a process of its own
// ([Config.Render]), whose words go past the daemon and whose results come back
// through the state directory.
//
// [Daemon.Run] owns one [schedule.Loop]. A reload puts a new [Config] in place
// of the old between two turns of it; a run that is under way keeps the one it
// began with. What fails is tried again by a backoff with jitter, so that a
// fleet comes back apart.
//
// Systemd is told by [Notifier]; people and Prometheus by [Daemon.Handler] and
// [Daemon.WriteTextfile].
package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
)

// Config is one reading of the config, and what is done by it.
type Config struct {
	Jobs []job.Job
	// Look tells which jobs have something to do, without reading a secret.
	Look func(ctx context.Context, jobs []job.Job) ([]render.Look, error)
	// Render renders jobs by name, in a process of its own. changed: a lookup
	// has another answer, and need not be probed again. The code is that
	// process's; the error is for one that could not be run.
	Render func(ctx context.Context, names []string, changed bool) (code int, err error)
	// Records reads the state of all jobs. The error has a *state.CorruptError for
	// each file that cannot be read, beside those that can.
	Records func() ([]state.Record, error)
	// Holds returns the holds of jobs that are active, by id, beside an error for
	// those that cannot be read; nil: there are none.
	Holds func() (map[string]state.Hold, error)
	// Store stores what is known here and in no record: runs that came to nothing.
	// It is called where that has changed; nil: nobody wants it.
	Store func(map[string]state.Outcome) error
	// Present reports whether a destination is there.
	Present func(dest string) bool
	// Outdated reports whether the files on the disk are others than were read.
	Outdated func() bool
	// Timeout is how long Look and Render may take for fetching.
	Timeout time.Duration
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
	Notify      *Notifier // nil: nobody is told
	// Jitter returns a number from 0 up to but not including 1.
	Jitter func() float64
	// Textfile is where metrics are written after each tick; empty: nowhere.
	Textfile string
	// Version is the program's, and GoVersion the compiler's, for the metrics.
	Version, GoVersion string
	// Usage returns what has been asked of AWS so far; nil: not counted.
	Usage func() Usage
}

// Usage is what a process has asked of AWS.
type Usage struct {
	Requests  map[string]int // by "service.Operation"
	ReadUnits float64
}

// Daemon is created by [New].
type Daemon struct {
	o    Options
	loop *schedule.Loop

	mu        sync.Mutex // guards what is below
	config    *Config
	stats     map[string]*jobStats // by ID
	reloads   reloads
	next      map[string]time.Time
	beat      time.Time     // of the last turn
	allowed   time.Duration // how long the run under way may take
	running   time.Duration // how long it has taken
	started   time.Time
	ready     bool
	outdated  bool                     // has been said
	damaged   map[string]bool          // state files of which that has been said, by path
	holdFault string                   // the last error of Holds, which was logged
	unread    bool                     // that the state cannot be read has been said
	unwritten bool                     // that it cannot be written has been said
	unshown   bool                     // that the textfile cannot be written has been said
	stored    map[string]state.Outcome // what Store was last given, and took
}

// jobStats are what the state directory does not know of a job.
type jobStats struct {
	attempted bool
	fails     int // in a row
	ticks     map[string]int
	skipped   int
	unseen    bool          // it could not be looked at, which was said
	outcome   state.Outcome // of a failed run that recorded nothing
	held      time.Time     // until then it is held, which was logged
	lost      bool          // that run could not be started, crashed, or was killed
}

type reloads struct {
	ok   bool
	last time.Time // that was good
}

// New returns a daemon that has loaded its config and done nothing else.
func New(ctx context.Context, o Options) (*Daemon, error) {
	c, err := o.Load(ctx)
	if err != nil {
		return nil, err
	}
	now := o.Now()
	d := &Daemon{
		o: o, config: c, started: now, beat: now,
		stats: map[string]*jobStats{}, next: map[string]time.Time{}, reloads: reloads{true, now},
		damaged: map[string]bool{},
	}
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

// Run runs until ctx is done, and then until a run under way has ended.
func (d *Daemon) Run(ctx context.Context) {
	var wg sync.WaitGroup
	heard, stop := context.WithCancel(ctx)
	wg.Go(func() { d.hear(heard) })
	d.loop.Run(ctx)
	stop()
	wg.Wait()
}

// hear acts on signals.
func (d *Daemon) hear(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			d.o.Notify.Send("STOPPING=1")
			return
		case <-d.o.Reload:
			d.reload(ctx)
		case <-d.o.All:
			d.loop.Change(func(p *schedule.Plan) { p.All(d.o.Now()) })
		}
	}
}

// reload puts another config in force, or keeps the one that is.
func (d *Daemon) reload(ctx context.Context) {
	d.o.Notify.Reloading()
	defer d.o.Notify.Send("READY=1") // systemd waits for it, whatever came of it
	c, err := d.o.Load(ctx)
	if err != nil {
		d.mu.Lock()
		d.reloads.ok = false
		d.mu.Unlock()
		d.o.Log.Error(fmt.Sprintf("the config is refused, the old one stays in force: %v", err))
		return
	}
	d.loop.Change(func(p *schedule.Plan) { d.replace(p, c) })
	d.o.Log.Info(fmt.Sprintf("reloaded the config: %d jobs", len(c.Jobs)))
}

// replace is called between two turns of the loop. Jobs that are new or other
// than they were are due at once.
func (d *Daemon) replace(p *schedule.Plan, c *Config) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	p.Set(now, entries(c.Jobs))
	for i := range c.Jobs {
		if old := find(d.config.Jobs, c.Jobs[i].ID); old == nil || !render.SameJob(*old, c.Jobs[i]) {
			p.Sooner(c.Jobs[i].ID, now)
		}
	}
	for id := range d.stats {
		if find(c.Jobs, id) == nil {
			delete(d.stats, id)
		}
	}
	d.config, d.reloads, d.outdated = c, reloads{true, now}, false
}

func find(jobs []job.Job, id string) *job.Job {
	i := slices.IndexFunc(jobs, func(j job.Job) bool { return j.ID == id })
	if i < 0 {
		return nil
	}
	return &jobs[i]
}

// turn is each turn of the loop: the daemon is alive, and the run under way, if
// any, takes no longer than its parts may.
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
}

// healthy reports progress. The caller holds mu.
func (d *Daemon) healthy() bool {
	age := d.o.Now().Sub(d.beat)
	return age < 3*schedule.Turn && (d.running == 0 || d.running <= d.allowed)
}
