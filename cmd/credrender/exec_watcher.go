package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/supervise"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/schedule"
)

// watcher is exec --watch.
type watcher struct {
	a    *app
	o    *execOptions
	cfg  *config.Config
	args []string // of a child
	key  []byte
	sup  *supervise.Supervisor

	last     watchReport
	stamps   map[string]string // of files, as CMD got them
	full     time.Time         // when all lookups were last made
	config   string            // stamp of the config
	fails    int               // in a row
	unseen   bool              // that AWS gives no answer was logged
	outdated bool              // that CMD has an old environment was logged
}

// run starts CMD, watches, and returns when CMD has ended by itself.
func (w *watcher) run(ctx context.Context, signals <-chan os.Signal, terminal bool) error {
	stamps := w.stampFiles(nil)
	first, err := w.start(ctx, terminal)
	if err != nil {
		return err
	}
	w.sup = supervise.New(first, w.o.killAfter, terminal)
	go w.sup.Forward(signals)
	switch err := w.accept(ctx, first, stamps); {
	case err == nil:
		first.Release()
	case !errors.Is(err, supervise.ErrEnded): // else its exit code is ours
		first.Discard()
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.loop(ctx, terminal)
	}()
	w.a.code = w.sup.Wait()
	stop()
	<-watched
	return nil
}

// loop checks on the schedule until ctx ends.
func (w *watcher) loop(ctx context.Context, terminal bool) {
	const id = "exec"
	plan := schedule.NewPlan(w.a.machine())
	plan.Set(time.Now(), []schedule.Entry{{ID: id, Schedule: w.o.schedule, Splay: w.o.splay}})
	plan.Take(time.Now()) // CMD was started just now
	loop := schedule.NewLoop(time.Now, plan, func(context.Context, schedule.Due) func(*schedule.Plan) {
		pause := w.tick(ctx, terminal) // ends with CMD
		return func(p *schedule.Plan) {
			if pause > 0 {
				p.Hold(id, time.Now().Add(pause))
			}
		}
	})
	loop.Run(ctx)
}

// tick checks once, and acts on a change. It returns how long to wait before it is
// tried again; 0: as the schedule has it.
func (w *watcher) tick(ctx context.Context, terminal bool) (pause time.Duration) {
	w.reread(ctx)
	if !w.changed(ctx) {
		return 0
	}
	if err := w.renew(ctx, terminal); err != nil && ctx.Err() == nil {
		w.fails++
		pause = min(time.Second<<min(w.fails, 20), 5*time.Minute)
		pause = pause/2 + rand.N(pause/2) //nolint:gosec // no secret depends on it
		w.a.log.Warn(fmt.Sprintf("%v; the program keeps running; trying again in %v", err, pause.Round(time.Second)))
		return pause
	}
	w.fails = 0
	return 0
}

// reread puts a changed config in force, or keeps the old one.
func (w *watcher) reread(ctx context.Context) {
	now := stampOf(w.cfg)
	if now == w.config {
		return
	}
	w.config = now
	cfg, err := w.a.reread(ctx, w.cfg)
	if err != nil {
		w.a.log.Error(fmt.Sprintf("the config is refused; the old one stays in force: %v", err))
		return
	}
	w.cfg, w.stamps = cfg, nil
}

// changed reports whether CMD may have to get something else. It reads no secret.
func (w *watcher) changed(ctx context.Context) bool {
	if w.last.Opaque || !maps.Equal(w.stamps, w.stampFiles(w.last.Dests)) {
		return true
	}
	seen := w.last.Seen
	seen.Store = w.cfg.Base.Store // whose clients are open
	seen.Full = time.Since(w.full) >= w.cfg.Settings.FullRefresh
	limit := w.cfg.Settings.Timeout
	if limit <= 0 {
		limit = checkTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	v := w.probe(ctx, seen)
	if w.a.refused.seen.Swap(false) && w.a.renewCredentials(ctx, w.cfg) {
		v = w.probe(ctx, seen)
	}
	if ctx.Err() == nil || v.Err != nil {
		w.sayUnseen(v.Err)
	}
	if v.Err == nil && seen.Full {
		w.full = time.Now()
	}
	return v.Changed || v.Err == nil && w.fails > 0 // else it would only fail again
}

func (w *watcher) probe(ctx context.Context, seen render.Seen) render.Verdict {
	if w.o.fixtures != "" {
		return render.Verdict{} // the file has a stamp
	}
	return render.Probe(ctx, w.a.stores.Source, []render.Seen{seen})[0]
}

// sayUnseen logs once that a check got no answer, and once that it does again.
func (w *watcher) sayUnseen(err error) {
	switch {
	case err != nil && !w.unseen:
		w.a.log.Warn(fmt.Sprintf("check for changes: %v; the program keeps running", err))
	case err == nil && w.unseen:
		w.a.log.Info("change checks succeed again")
	}
	w.unseen = err != nil
}

// stampFiles returns stamps of what CMD is made of, and of the files that it got.
func (w *watcher) stampFiles(dests []string) map[string]string {
	stamps := map[string]string{}
	files := slices.Concat(w.last.Files, dests, w.o.envFiles)
	for _, f := range w.o.files {
		if i := strings.LastIndex(f, ":"); i >= 0 {
			files = append(files, f[:i])
		}
	}
	for _, path := range append(files, w.o.varsFile, w.o.fixtures) {
		if path != "" {
			stamps[w.a.abs(path)], _ = fsys.Stamp(w.a.abs(path)) // one that is gone has none
		}
	}
	return stamps
}

// start starts a child that prepares.
func (w *watcher) start(ctx context.Context, terminal bool) (*supervise.Child, error) {
	greeting, err := json.Marshal(watchGreeting{w.key, w.cfg.Read})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self()) // it ends as CMD decides
	cmd.Args, cmd.Env, cmd.Dir = w.args, w.a.environ, w.a.dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = w.a.stdin, w.a.stdout, w.a.stderr
	// At a terminal, CMD must be in the foreground group to read from it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !terminal}
	return supervise.Start(cmd, greeting)
}

// accept takes the report of a child. before are the stamps of files before it was
// started.
func (w *watcher) accept(ctx context.Context, c *supervise.Child, before map[string]string) error {
	data, err := c.Report(ctx)
	if err != nil {
		return err
	}
	var r watchReport
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&r); err != nil {
		return fmt.Errorf("read the report of the new process: %w", err)
	}
	w.last, w.full = r, time.Now()
	w.stamps = w.stampFiles(r.Dests)
	for path, s := range before {
		if _, ok := w.stamps[path]; ok { // what changed meanwhile is seen at the next check
			w.stamps[path] = s
		}
	}
	return nil
}

// renew has a child prepare, and makes CMD have what it prepared.
func (w *watcher) renew(ctx context.Context, terminal bool) error {
	old, before := w.last, w.stampFiles(nil)
	next, err := w.start(ctx, terminal)
	if err != nil {
		return err
	}
	if err := w.accept(ctx, next, before); err != nil {
		next.Discard()
		return fmt.Errorf("prepare %s again: %w", w.name(), err)
	}
	env, content := old.Env != w.last.Env, old.Content != w.last.Content
	switch {
	case !env && !content:
		next.Discard()
		return nil
	case w.o.signal != 0:
		next.Discard()
		return w.send(old, env, content)
	}
	w.a.log.Info(fmt.Sprintf("%srestarting %s", w.news(old), w.name()))
	if w.sup.Replace(next) {
		w.a.log.Info(fmt.Sprintf("restarted %s: process %d", w.name(), next.PID()))
	}
	return nil
}

// send sends the signal of --on-change.
func (w *watcher) send(old watchReport, env, content bool) error {
	if env && !w.outdated {
		w.outdated = true
		w.a.log.Warn(fmt.Sprintf("%s%s keeps its old environment, which a signal cannot change", w.news(old), w.name()))
	}
	if !content {
		return nil
	}
	w.a.log.Info(fmt.Sprintf("%ssending %s to %s", w.news(old), unix.SignalName(w.o.signal), w.name()))
	return w.sup.Signal(w.o.signal)
}

// name is CMD, without arguments.
func (w *watcher) name() string { return w.args[slices.Index(w.args, "--")+1] }

// news are the names and versions that the last report has and old has not.
func (w *watcher) news(old watchReport) string {
	var list []string
	for _, k := range w.last.Seen.Trace {
		switch {
		case slices.Contains(old.Seen.Trace, k):
		case k.Trace.Absent:
			list = append(list, fmt.Sprintf("%s is absent", k.Ref))
		default:
			list = append(list, fmt.Sprintf("%s version %s", k.Ref, k.Trace.Version))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, ", ") + ": "
}
