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
	"github.com/credrender/credrender/internal/state"
)

// told is systemd in a bubble: what it heard, with the second at which it did.
type told struct {
	began time.Time
	mu    sync.Mutex // the daemon sends from more than one goroutine
	lines []string
}

func (w *told) notify(message string) {
	name, _, _ := strings.Cut(message, "=")
	w.mu.Lock()
	defer w.mu.Unlock()
	if name != "WATCHDOG" {
		w.lines = append(w.lines, time.Since(w.began).Round(time.Second).String()+" "+message)
	}
}

// ready is when READY=1 came; -1: never.
func (w *told) ready() time.Duration {
	for _, l := range w.lines {
		if at, isReady := strings.CutSuffix(l, " READY=1"); isReady {
			d, _ := time.ParseDuration(at)
			return d
		}
	}
	return -1
}

func (w *told) has(text string) bool { return strings.Contains(strings.Join(w.lines, "\n"), text) }

// boots runs a daemon under a fake systemd for ten minutes.
func boots(t *testing.T, c *daemon.Config, change func(*daemon.Options)) (*told, string, error) {
	t.Helper()
	w := &told{began: time.Now()}
	var log bytes.Buffer
	d := newDaemon(t, c, func(o *daemon.Options) {
		o.Notify = daemon.NotifierFunc(w.notify)
		o.BootWait, o.BootLimit = 2*time.Second, 2*time.Minute
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		if change != nil {
			change(o)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	err := d.Run(ctx)
	return w, log.String(), err
}

// READY does not wait for a store where all files are those that this machine has
// installed; it waits for news, for a moment.
func TestReadyWithInstalledFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		takes time.Duration
		code  int
		want  time.Duration
	}{
		"answers at once": {time.Second, 0, time.Second},
		"is slow":         {time.Minute, 0, 2 * time.Second},
		"refuses slowly":  {39 * time.Second, 1, 2 * time.Second},
		"refuses at once": {0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{names: []string{"a"}, now: time.Now, files: true, installed: true, takes: tc.takes, code: tc.code}
				w, log, err := boots(t, f.config(), nil)
				if got := w.ready(); got != tc.want || err != nil {
					t.Errorf("ready after %v, want %v; %v\n%s\n%s", got, tc.want, err, strings.Join(w.lines, "\n"), log)
				}
			})
		})
	}
}

// Files that are missing, or that somebody else has put there, wait for the first
// good run; the start fails at its limit and says why, unless it may do without.
func TestReadyWithoutItsFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		files      bool // a package's default is at the destination
		code       int
		heals      time.Duration
		bestEffort bool
		want       time.Duration // -1: the start fails
		why        string
	}{
		"default file, store answers":            {files: true, want: 0},
		"default file, store refuses":            {files: true, code: 1, want: -1, why: "a: /a was not installed here (refused)"},
		"default file, store refuses for 30 s":   {files: true, code: 1, heals: 30 * time.Second, want: 47 * time.Second},
		"missing, store refuses":                 {code: 1, want: -1, why: "a: /a is missing (refused)"},
		"missing, store refuses, best effort":    {code: 1, bestEffort: true, want: 0},
		"default, hook fails":                    {files: true, code: 5, want: 0},
		"default, secret missing":                {files: true, code: 3, want: -1, why: "a: /a was not installed here (refused)"},
		"missing though the run succeeded (bug)": {want: -1, why: "a: /a is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{names: []string{"a"}, now: time.Now, files: tc.files, code: tc.code}
				if tc.heals > 0 {
					f.heals = time.Now().Add(tc.heals)
				}
				w, log, err := boots(t, f.config(), func(o *daemon.Options) { o.BestEffort = tc.bestEffort })
				failed, isFailed := errors.AsType[*daemon.StartError](err)
				if got := w.ready(); got != tc.want || isFailed != (tc.want < 0) {
					t.Fatalf("ready after %v, want %v; %v\n%s\n%s", got, tc.want, err, strings.Join(w.lines, "\n"), log)
				}
				if isFailed && (!strings.Contains(err.Error(), tc.why) || failed.After != 2*time.Minute || !w.has("STATUS=the start failed")) {
					t.Errorf("got %v, want %q\n%s", err, tc.why, strings.Join(w.lines, "\n"))
				}
				if tc.bestEffort && !strings.Contains(log, "ready without all files") {
					t.Errorf("said\n%s", log)
				}
			})
		})
	}
}

// A reload does not end a start that waits for files.
func TestReloadBeforeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a"}, now: time.Now, files: true, code: 1}
		reload := make(chan os.Signal)
		time.AfterFunc(10*time.Second, func() { reload <- syscall.SIGHUP })
		w, _, err := boots(t, f.config(), func(o *daemon.Options) { o.Reload = reload })
		if w.ready() != -1 || err == nil || w.has("RELOADING") {
			t.Errorf("ready after %v, %v\n%s", w.ready(), err, strings.Join(w.lines, "\n"))
		}
	})
}

// A run under way at the limit is waited for.
func TestStartWaitsForARunAtItsLimit(t *testing.T) {
	for name, code := range map[string]int{"well": 0, "badly": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{names: []string{"a"}, now: time.Now, files: true, takes: 150 * time.Second, code: code}
				w, _, err := boots(t, f.config(), nil)
				if (code == 0) != (w.ready() == 150*time.Second) || (code == 0) != (err == nil) {
					t.Errorf("ready after %v, %v", w.ready(), err)
				}
			})
		})
	}
}

// Hooks wait for READY: what they reload may wait for our start. A run of which all
// files are in place sends it and goes on to its hooks.
func TestHooksAfterReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"a", "b"}, now: time.Now, files: true}
		c := f.config()
		var asked []string
		w := &told{began: time.Now()}
		render := c.Render
		pending := map[string]bool{"a": true}
		c.Render = func(ctx context.Context, o daemon.Order) (daemon.Ended, error) {
			inPlace := []string{"a"}
			if time.Since(w.began) > 10*time.Second {
				inPlace = []string{"a", "b"}
			}
			answer := o.MayRunHooks == nil || o.MayRunHooks(inPlace)
			asked = append(asked, time.Since(w.began).Round(time.Second).String()+" "+strings.Join(o.Names, " ")+map[bool]string{true: " hooks run", false: " hooks wait"}[answer])
			f.code = map[bool]int{true: 1, false: 0}[len(inPlace) == 1]
			ended, err := render(ctx, o)
			pending["a"] = pending["a"] && !answer
			for id, r := range f.last {
				if r.Name == "a" {
					r.Result.Code, r.PendingHook = 0, nil
					if pending["a"] {
						r.PendingHook = &state.PendingHook{}
					}
					f.last[id] = r
				}
			}
			return ended, err
		}
		d := newDaemon(t, c, func(o *daemon.Options) {
			o.Notify, o.BootWait, o.BootLimit = daemon.NotifierFunc(w.notify), 2*time.Second, 2*time.Minute
		})
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
		defer cancel()
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		want := []string{"0s a b hooks wait", "1s b hooks wait", "2s b hooks wait", "5s b hooks wait", "11s b hooks run", "11s a hooks run"}
		if diff := cmp.Diff(want, asked); diff != "" || w.ready() != 11*time.Second {
			t.Errorf("ready after %v; runs (-want +got):\n%s", w.ready(), diff)
		}
	})
}

// A start that fails runs the hooks that waited for it first: the next may fail
// too, and a service that runs would keep its old secrets.
func TestHooksBeforeAStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{names: []string{"good", "bad"}, now: time.Now}
		c := f.config()
		isBad := func(name string) bool { return name == "bad" }
		render := c.Render
		ran := ""
		began := time.Now()
		c.Render = func(ctx context.Context, o daemon.Order) (daemon.Ended, error) {
			mayRun := o.MayRunHooks == nil || o.MayRunHooks([]string{"good"})
			ended, err := render(ctx, o)
			for id, r := range f.last {
				r.PendingHook = nil
				if isBad(r.Name) {
					r.Result = state.Result{Code: 3, Error: "secret x: missing"}
				} else if ran == "" && !mayRun {
					r.PendingHook = &state.PendingHook{}
				} else if ran == "" {
					ran = time.Since(began).String()
				}
				f.last[id] = r
			}
			return ended, err
		}
		f.files = true
		_, _, err := boots(t, c, nil)
		if err == nil || !strings.Contains(err.Error(), "bad: ") || strings.Contains(err.Error(), "good") || ran != "2m0s" {
			t.Errorf("the hook ran after %q; %v", ran, err)
		}
	})
}
