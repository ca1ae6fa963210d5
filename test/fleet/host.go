package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

const (
	checkTimeout  = 2 * time.Minute  // as in the daemon
	renderTimeout = 2 * time.Minute  // --timeout
	fullRefresh   = 10 * time.Minute // its default
)

// host is what a machine knows of its jobs, and how it checks and renders: it
// stands in for the state directory and for the process that renders.
type host struct {
	open  render.Opener
	jobs  []job.Job
	wants map[string][]source.Ref // by job name

	mu      sync.Mutex
	records map[string]state.Record // by job name
}

func newHost(open render.Opener, jobs []job.Job, wants map[string][]source.Ref) *host {
	return &host{open: open, jobs: jobs, wants: wants, records: map[string]state.Record{}}
}

func (h *host) config() *daemon.Config {
	return &daemon.Config{
		Jobs: h.jobs, Check: h.check, Render: h.render, Timeout: renderTimeout,
		Records:   func() ([]state.Record, error) { return h.all(), nil },
		Missing:   func(job.Job) string { return "" },
		Installed: func(job.Job, state.Record) string { return "" },
	}
}

func (h *host) all() []state.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []state.Record
	for _, r := range h.records {
		list = append(list, r)
	}
	return list
}

// check is render.CheckChanges on a machine of which nothing else has changed.
func (h *host) check(ctx context.Context, jobs []job.Job) ([]render.CheckResult, error) {
	now := time.Now()
	results := make([]render.CheckResult, 0, len(jobs))
	var seen []render.Seen
	h.mu.Lock()
	for _, j := range jobs {
		results = append(results, render.CheckResult{Job: &j})
		r, rendered := h.records[j.Name]
		if rendered && r.Trace != nil {
			seen = append(seen, render.Seen{Store: j.Store, Trace: r.Trace, Full: now.Sub(r.LastLook) >= fullRefresh})
		}
	}
	h.mu.Unlock()
	if len(seen) < len(jobs) {
		return results, nil // a host that has just started renders all
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	for i, v := range render.Probe(ctx, h.open, seen) {
		results[i].Changed, results[i].Unanswered = v.Changed, v.Err
		results[i].Unchanged = !v.Changed && v.Err == nil
		if results[i].Unchanged && seen[i].Full {
			h.note(jobs[i].Name, func(r *state.Record) { r.LastLook = now })
		}
	}
	return results, nil
}

// render fetches what the jobs' templates ask for, in the one batch that
// constant names take.
func (h *host) render(ctx context.Context, o daemon.Order) (daemon.Ended, error) {
	names, began := o.Names, time.Now()
	ctx, cancel := context.WithTimeout(ctx, renderTimeout)
	defer cancel()
	src, err := h.open(ctx, h.jobs[0].Store, "")
	if err != nil {
		return daemon.Ended{Code: 1}, err
	}
	var refs []source.Ref
	for _, name := range names {
		for _, ref := range h.wants[name] {
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	results := src.Fetch(ctx, refs)
	worst := 0
	for _, name := range names {
		code := h.finish(results, name, began)
		worst = max(worst, code)
	}
	return daemon.Ended{Code: worst}, nil
}

// finish records the result of a job.
func (h *host) finish(results map[source.Ref]source.Result, name string, began time.Time) (code int) {
	var trace []source.Known
	for _, ref := range h.wants[name] {
		got := results[ref]
		if got.Err != nil {
			code = 1
		}
		trace = append(trace, source.Known{Ref: ref, Trace: got.Trace})
	}
	h.note(name, func(r *state.Record) {
		r.LastRun, r.Result.Code = time.Now(), code
		if code == 0 {
			r.Trace, r.LastSuccess, r.LastLook = trace, r.LastRun, began
		}
	})
	return code
}

func (h *host) note(name string, change func(*state.Record)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.records[name]
	r.Name, r.ID = name, name
	change(&r)
	h.records[name] = r
}

// has reports whether every job was rendered, from version of the secret.
func (h *host) has(secret, version string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.records) < len(h.jobs) {
		return false
	}
	for _, r := range h.records {
		if r.Trace == nil || slices.ContainsFunc(r.Trace, func(k source.Known) bool { return k.Ref.Name == secret && k.Trace.Version != version }) {
			return false
		}
	}
	return true
}

// age makes the last full look one that is d ago.
func (h *host) age(d time.Duration) {
	for _, j := range h.jobs {
		h.note(j.Name, func(r *state.Record) { r.LastLook = time.Now().Add(-d) })
	}
}
