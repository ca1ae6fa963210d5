package daemon_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/test/fsystest"
)

// flaky is a store of one secret, of which one request in twenty fails.
type flaky struct {
	mu       sync.Mutex
	rand     *rand.Rand // of a fixed seed
	version  int
	requests int
	failed   int
}

func (f *flaky) fails() bool {
	f.requests++
	if f.rand.IntN(20) == 0 {
		f.failed++
		return true
	}
	return false
}

func (f *flaky) trace() source.Trace {
	return source.Trace{Version: fmt.Sprintf("%019d", f.version), Mark: "m", Size: 10}
}

func (f *flaky) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[source.Ref]source.Result{}
	for _, r := range refs {
		if f.fails() {
			out[r] = source.Result{Err: source.ErrUnreachable}
			continue
		}
		out[r] = source.Result{Secret: source.NewSecret(fmt.Appendf(nil, "value %d", f.version)), Trace: f.trace()}
	}
	return out
}

func (f *flaky) Probe(_ context.Context, known []source.Known) (changed []source.Ref, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range known {
		if f.fails() || k.Trace != f.trace() {
			changed = append(changed, k.Ref)
		}
	}
	return changed, nil
}

func (f *flaky) ProbeConsistent(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return f.Probe(ctx, known)
}

// endurance is a machine with a daemon whose renders run in its own process.
type endurance struct {
	t      *testing.T
	dir    string
	now    time.Time
	store  *flaky
	looked int
}

func (e *endurance) world(do func(render.Env)) {
	st, err := state.Open(state.Options{Dir: filepath.Join(e.dir, "state"), Runtime: filepath.Join(e.dir, "run"), Machine: "m"})
	if err != nil {
		e.t.Fatal(err)
	}
	defer st.Close()
	do(render.Env{
		Open:     func(context.Context, job.Store, string) (source.Source, error) { return e.store, nil },
		ReadFile: func(_ *job.Job, path string) ([]byte, error) { return os.ReadFile(path) },
		Host:     template.Host{LookupEnv: func(string) (string, bool) { return "", false }, Now: func() time.Time { return e.now }},
		Home:     "/", State: st, StampFile: fsys.Stamp,
	})
}

func (e *endurance) config(jobs []job.Job) *daemon.Config {
	opts := render.Options{FullRefresh: 10 * time.Minute, Code: func(error) int { return 1 }, Patient: true}
	return &daemon.Config{
		Jobs: jobs,
		Check: func(ctx context.Context, jobs []job.Job) (results []render.CheckResult, err error) {
			if e.looked++; e.store.rand.IntN(20) == 0 {
				return nil, source.ErrUnreachable
			}
			e.world(func(w render.Env) { results, err = render.CheckChanges(ctx, w, opts, jobs) })
			return results, err
		},
		Render: func(ctx context.Context, order daemon.Order) (ended daemon.Ended, err error) {
			o := opts
			o.Changed = order.Changed
			e.world(func(w render.Env) {
				report, errRun := render.Run(ctx, w, o, jobs)
				if err = errRun; err == nil && report.Jobs[0].Err != nil {
					ended.Code = 1
				}
			})
			return ended, err
		},
		Records: func() (records []state.Record, err error) {
			e.world(func(w render.Env) {
				list, errList := w.State.Jobs()
				err = errList
				for _, j := range list {
					records = append(records, j.Record())
				}
			})
			return records, err
		},
		Missing: func(j job.Job) string {
			if s, err := (txn.Disk{}).Stamp(j.Files[0].Dest); err != nil || s == "" {
				return "missing"
			}
			return ""
		},
		Installed: func(job.Job, state.Record) string { return "not known" },
	}
}

// Thousands of ticks of which one in twenty fails somewhere, with a rotation now and
// then: each change arrives, and nothing grows. DAEMON_TICKS is how many: make
// exhaustive has 10,000.
func TestThousandsOfTicks(t *testing.T) {
	e := &endurance{t: t, dir: fsystest.MemoryDir(t), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), store: &flaky{version: 1, rand: rand.New(rand.NewPCG(1, 2))}}
	dest := filepath.Join(e.dir, "out")
	c := e.config([]job.Job{{ID: "c#a", Name: "a", Schedule: schedule.MustParse("* * * * *"), Files: []job.File{{Content: `{{ secret "s" }}`, Dest: dest}}}})
	d := newDaemon(t, c, func(o *daemon.Options) {
		o.Now = func() time.Time { return e.now }
		o.Textfile = filepath.Join(e.dir, "m.prom")
	})
	var early usage
	ticks := 2500
	if n, err := strconv.Atoi(os.Getenv("DAEMON_TICKS")); err == nil {
		ticks = n
	}
	changed, late, missed := 0, 0, 0
	for i := range ticks {
		if i == ticks/10 {
			early = measure(t)
		}
		if i%50 == 25 {
			e.store.version++
			changed = 0
		} else {
			changed++
		}
		e.now = e.now.Add(5 * time.Second)
		d.Tick(t.Context())
		got, _ := os.ReadFile(dest)
		if string(got) == fmt.Sprintf("value %d", e.store.version) {
			continue
		}
		late++
		if changed > 4 { // four failures in a row
			missed++
		}
	}
	now := measure(t)
	t.Logf("%d requests, %d of them failed; %d ticks with a file behind its secret; before %+v, after %+v", e.store.requests, e.store.failed, late, early, now)
	if missed > 0 {
		t.Errorf("%d ticks had an old file five ticks after the change", missed)
	}
	if e.store.failed < ticks/25 {
		t.Errorf("only %d requests failed", e.store.failed)
	}
	if now.goroutines > early.goroutines || now.files > early.files {
		t.Errorf("grew from %+v to %+v", early, now)
	}
	if now.heap > early.heap+(1<<20) {
		t.Errorf("the heap grew from %d to %d bytes", early.heap, now.heap)
	}
}

type usage struct {
	goroutines, files int
	heap              uint64
}

func measure(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Logf("descriptors are not counted here: %v", err)
	}
	return usage{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}
