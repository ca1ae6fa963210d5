package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
)

func newDaemon(t *testing.T, c *daemon.Config, change func(*daemon.Options)) *daemon.Daemon {
	t.Helper()
	o := daemon.Options{
		Now: time.Now, Host: "host", Log: slog.New(slog.DiscardHandler), Jitter: func() float64 { return 0.5 },
		Load: func(context.Context) (*daemon.Config, error) { return c, nil },
	}
	if change != nil {
		change(&o)
	}
	d, err := daemon.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fake is a config of which nothing is real: each render ends with code.
type fake struct {
	names     []string
	now       func() time.Time
	code      int
	heals     time.Time // when code becomes 0; zero: never
	pending   *state.PendingHook
	takes     time.Duration
	files     bool // are there
	installed bool // by an earlier run
	orders    []daemon.Order
	report    *daemon.Report
	stateless bool
	quiet     bool
	answers   time.Time // until then checks get no answer
	checks    []string  // minutes and seconds since midnight
	rendered  []string  // minutes and seconds since midnight
	mu        sync.Mutex
	last      map[string]state.Record
}

func (f *fake) config() *daemon.Config {
	f.last = map[string]state.Record{}
	inPlace := func(j job.Job) string {
		if !f.files {
			return j.Files[0].Dest + " is missing"
		}
		return ""
	}
	c := &daemon.Config{
		Missing: inPlace, Timeout: time.Minute,
		Installed: func(j job.Job, _ state.Record) string {
			if why := inPlace(j); why != "" || f.installed {
				return why
			}
			return j.Files[0].Dest + " was not installed here"
		},
	}
	for _, n := range f.names {
		c.Jobs = append(c.Jobs, job.Job{ID: "c#" + n, Name: n, Schedule: schedule.MustParse("*/10 * * * *"), Files: []job.File{{Dest: "/" + n}}})
	}
	c.Check = func(_ context.Context, jobs []job.Job) (results []render.CheckResult, err error) {
		if f.stateless {
			return nil, render.ErrNoState
		}
		f.checks = append(f.checks, f.now().UTC().Format("04:05"))
		for i := range jobs {
			l := render.CheckResult{Job: &jobs[i], Unchanged: f.quiet}
			if f.now().Before(f.answers) {
				l.Unchanged, l.Unanswered = false, source.ErrThrottled
			}
			results = append(results, l)
		}
		return results, nil
	}
	c.Render = func(_ context.Context, o daemon.Order) (daemon.Ended, error) {
		f.orders = append(f.orders, o)
		f.rendered = append(f.rendered, f.now().UTC().Format("04:05"))
		if !f.heals.IsZero() && !f.now().Before(f.heals) {
			f.code = 0
		}
		time.Sleep(f.takes)
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, n := range o.Names {
			if f.stateless {
				continue
			}
			f.last["c#"+n] = state.Record{
				ID: "c#" + n, Name: n, LastRun: f.now(), PendingHook: f.pending, Result: state.Result{Code: f.code, Error: map[bool]string{true: "refused"}[f.code != 0]},
				Files: map[string]state.File{"/" + n: {NotAfter: time.Unix(2e9, 0)}},
			}
		}
		return daemon.Ended{Code: f.code, Report: f.report}, nil
	}
	c.Records = func() (list []state.Record, err error) {
		if f.stateless {
			return nil, errors.New("state directory /s does not exist")
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, r := range f.last {
			list = append(list, r)
		}
		return list, nil
	}
	return c
}

// What fails for want of AWS is tried again sooner than its schedule, at growing
// pauses, and follows the schedule again once it succeeds.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, code: 1, heals: time.Now().Add(8 * time.Minute)}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 39*time.Minute)
		defer cancel()
		d.Run(ctx)
		want := []string{"00:00", "00:00", "00:02", "00:05", "00:11", "00:23", "00:47", "01:35", "03:11", "06:23", "10:08", "20:00", "30:00"}
		if diff := cmp.Diff(want, f.rendered); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

// A store that is throttled or out of reach gets no render on top of the look:
// it is looked at again by the backoff, and each outage is said once.
func TestNoRenderWhereALookGetsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, quiet: true, answers: time.Now().Add(20 * time.Second)}
		var log bytes.Buffer
		d := newDaemon(t, f.config(), func(o *daemon.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		d.Run(ctx)
		want := []string{"00:00", "00:00", "00:02", "00:05", "00:11", "00:23", "10:00"}
		if diff := cmp.Diff(want, f.checks); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
		if len(f.rendered) > 0 {
			t.Errorf("rendered at %v", f.rendered)
		}
		if said := log.String(); strings.Count(said, "throttled; its files stay") != 1 || strings.Count(said, "is reachable again") != 1 || strings.Count(said, "\n") != 2 {
			t.Errorf("said:\n%s\nwant each end of the outage once", said)
		}
		if err := d.WriteMetrics(&log); err != nil || !strings.Contains(log.String(), `ticks_total{job_name="a",result="failed"} 5`) {
			t.Errorf("metrics: %v\n%s", err, log.String())
		}
	})
}

// A pending hook brings its job back when its own backoff is over.
func TestPendingHookComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, code: 5}
		f.pending = &state.PendingHook{Next: time.Now().Add(3 * time.Minute)}
		d := newDaemon(t, f.config(), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		d.Run(ctx)
		if diff := cmp.Diff([]string{"00:00", "03:00", "10:00"}, f.rendered); diff != "" {
			t.Errorf("tries (-want +got):\n%s", diff)
		}
	})
}

// READY waits for the files; a reload that fails keeps the old config and says
// so; one that is good runs what is new at once; systemd hears of both.
func TestReload(t *testing.T) {
	said := listen(t)
	f := &fake{names: []string{"a"}, now: time.Now, files: true}
	reload, all := make(chan os.Signal), make(chan os.Signal)
	var log bytes.Buffer
	first := f.config()
	loads := 0
	d := newDaemon(t, nil, func(o *daemon.Options) {
		o.Reload, o.All, o.Notify = reload, all, said.notifier(t)
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		o.Load = func(context.Context) (*daemon.Config, error) {
			switch loads++; loads {
			case 1:
				return first, nil
			case 2:
				return nil, errors.New("credrender.yaml:7: jobs: broken")
			}
			g := &fake{names: []string{"a", "b"}, now: time.Now, files: true}
			return g.config(), nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	said.until(t, "READY=1")
	reload <- syscall.SIGHUP
	said.until(t, "RELOADING=1\nMONOTONIC_USEC=")
	said.until(t, "READY=1")
	if body := get(t, d, "/metrics"); !strings.Contains(body, "credrender_config_last_reload_successful 0\n") || !strings.Contains(body, "credrender_jobs 1\n") {
		t.Errorf("after a broken reload: %s", body)
	}
	reload <- syscall.SIGHUP
	said.until(t, "RELOADING=1\nMONOTONIC_USEC=")
	said.until(t, "READY=1")
	for !strings.Contains(get(t, d, "/metrics"), `credrender_job_ticks_total{job_name="b",result="rendered"} 1`) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	said.until(t, "STOPPING=1")
	<-done
	if got := log.String(); !strings.Contains(got, "credrender.yaml:7") || !strings.Contains(got, "reloaded the config: 2 jobs") {
		t.Errorf("said\n%s", got)
	}
}
