package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// loss is how a run ended without a record; "" means that it has one.
type loss string

const (
	lostStart   loss = "start"   // its process could not be started
	lostTimeout loss = "timeout" // it took longer than its parts may, and was ended
	lostCrash   loss = "crash"   // it ended without a record
)

// ErrNotStarted is wrapped by the error of Config.Render if no process was started.
var ErrNotStarted = errors.New("the render process could not be started")

// ending is how a child process ended: its exit code and report, or why it has none.
type ending struct {
	code   int
	lost   loss
	err    error
	report *Report
}

// render runs a child process for the busy jobs. Its limit is the sum of the limits of
// its parts.
func (d *Daemon) render(ctx context.Context, c *Config, busy []job.Job, o Order) ending {
	for _, j := range busy {
		o.Names = append(o.Names, j.Name)
	}
	o.Stop = d.stopping
	if d.o.NewRunID != nil {
		o.RunID = d.o.NewRunID()
	}
	d.mu.Lock()
	allowed := d.allowed
	o.LogRepeats, d.loud = d.loud, false
	for _, j := range busy {
		s := d.of(j.ID)
		o.LogRepeats = o.LogRepeats || !s.attempted
		o.Terse = o.Terse || s.lost != ""
	}
	d.mu.Unlock()
	if d.defersHooks() {
		o.MayRunHooks = d.filesInPlace
	} else {
		d.tell("rendering " + strings.Join(o.Names, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	began := d.o.Now()
	ended, err := c.Render(ctx, o)
	d.observe(d.o.Now().Sub(began), ended.Report)
	switch {
	case err == nil:
		return ending{code: ended.Code, report: ended.Report}
	case ctx.Err() != nil:
		return ending{code: codeFailed, lost: lostTimeout, err: fmt.Errorf("its run took longer than %v and was stopped", allowed)}
	case errors.Is(err, ErrNotStarted):
		return ending{code: codeFailed, lost: lostStart, err: fmt.Errorf("the daemon could not run it: %w", err)}
	}
	return ending{code: codeFailed, lost: lostCrash, err: fmt.Errorf("the daemon could not run it: %w", err)}
}

// recordless returns the outcome of a job of which the run has recorded nothing.
func (e ending) recordless(j job.Job, at time.Time) (code int, o state.Outcome, lost loss) {
	if e.err != nil {
		return codeFailed, state.Outcome{At: at, Code: codeFailed, Error: e.err.Error()}, e.lost
	}
	code = e.code
	if e.report != nil { // it has no state directory to write to
		code = e.report.Codes[j.Name]
	}
	if code == codeOK {
		return code, state.Outcome{}, ""
	}
	o = state.Outcome{At: at, Code: code, Error: fmt.Sprintf("its run exited with status %d and recorded no result; the daemon's log shows why", code)}
	if e.report == nil {
		lost = lostCrash
	}
	return code, o, lost
}

// logLost logs how a run of a job was lost, once.
func (d *Daemon) logLost(j job.Job, s *jobStats) {
	d.totals.lost[s.lost]++
	d.troubles.add("run of "+j.ID, slog.LevelError, j.Name+": "+s.outcome.Error, "job", j.Name)
}

// storeOutcomes stores the outcomes that are in no record, if they have changed.
func (d *Daemon) storeOutcomes(c *Config) {
	if c.Store == nil {
		return
	}
	now := map[string]state.Outcome{}
	d.mu.Lock()
	for id, s := range d.stats {
		if s.outcome.Code != codeOK {
			now[id] = s.outcome
		}
	}
	same := d.stored != nil && maps.EqualFunc(now, d.stored, func(x, y state.Outcome) bool { return x.Code == y.Code && x.Error == y.Error })
	d.mu.Unlock()
	if same {
		return
	}
	err := c.Store(now)
	if err != nil { // logStateless has logged it
		d.o.Log.Debug(fmt.Sprintf("store the outcome of runs: %v", err))
		return
	}
	d.mu.Lock()
	d.stored = now
	d.mu.Unlock()
}
