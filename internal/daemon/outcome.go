package daemon

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
)

// ending is how a render ended, as far as its process tells.
type ending struct {
	code int
	err  error // it could not be run
}

func (d *Daemon) render(ctx context.Context, c *Config, busy []job.Job, changed bool) ending {
	names := make([]string, 0, len(busy))
	for _, j := range busy {
		names = append(names, j.Name)
	}
	code, err := c.Render(ctx, names, changed)
	if err != nil {
		d.o.Log.Error(fmt.Sprintf("render %s: %v", strings.Join(names, ", "), err), "jobs", names)
		return ending{codeFailed, err}
	}
	return ending{code: code}
}

// outcome is what is to be told of a render that failed and of which no record
// tells.
func (e ending) outcome(at time.Time) state.Outcome {
	switch {
	case e.err != nil:
		return state.Outcome{At: at, Code: codeFailed, Error: fmt.Sprintf("the daemon could not run it: %v", e.err)}
	case e.code == codeOK: // it may have had no state directory to write to
		return state.Outcome{}
	}
	return state.Outcome{At: at, Code: e.code, Error: fmt.Sprintf("its run ended with exit status %d and recorded no result; the daemon's log shows why", e.code)}
}

// storeOutcomes hands out what is in no record, where that has changed.
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
	if err != nil { // that there is no state directory is said elsewhere
		d.o.Log.Debug(fmt.Sprintf("store the outcome of runs: %v", err))
		return
	}
	d.mu.Lock()
	d.stored = now
	d.mu.Unlock()
}
