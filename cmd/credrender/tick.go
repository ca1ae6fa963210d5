package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
)

// This file is both ends of a daemon's render: the process that the daemon
// starts, and what that does otherwise than a render by hand.

// childGrace is how long a render may take to end that was told to.
const childGrace = 20 * time.Second

// childOrder is what the daemon writes to its render's standard input. That stays
// open: where it ends, the daemon has ended.
type childOrder struct {
	Config     config.Snapshot `json:"config"`
	RunID      string          `json:"run,omitempty"`
	LogRepeats bool            `json:"log_repeats,omitempty"`
	AskHooks   bool            `json:"ask_hooks,omitempty"`
}

// childMessage is what the render writes to the daemon: the jobs whose files are
// in place, where it waits for a word on their hooks (true or false, on standard
// input); then, at its end, the report.
type childMessage struct {
	InPlace []string       `json:"in_place,omitempty"`
	Report  *daemon.Report `json:"report,omitempty"`
}

// renderApart renders jobs of cfg in a process of its own, which logs to standard
// error and reports counts and times.
func (a *app) renderApart(ctx context.Context, cfg *config.Config, o daemon.Order) (daemon.Ended, error) {
	order, err := json.Marshal(childOrder{cfg.Read, o.RunID, o.LogRepeats, o.MayRunHooks != nil})
	if err != nil {
		return daemon.Ended{}, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return daemon.Ended{}, fmt.Errorf("%w: %w", daemon.ErrNotStarted, err)
	}
	defer read.Close()
	cmd := exec.CommandContext(ctx, self())
	cmd.Args = append([]string{"credrender", "render", "--tick"}, a.tickArgs(o)...)
	cmd.Env, cmd.Dir = a.childEnviron(o.Terse), a.dir
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = a.stdout, a.stderr, []*os.File{write}
	// A terminal's Ctrl-C is for the daemon, which waits for this one to end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err == nil {
		cmd.Cancel, cmd.WaitDelay = stdin.Close, childGrace
		err = cmd.Start()
	}
	_ = write.Close()
	if err != nil {
		return daemon.Ended{}, fmt.Errorf("%w: %w", daemon.ErrNotStarted, err)
	}
	report := make(chan *daemon.Report, 1)
	go func() { // ends with the process, whose Wait closes its standard input
		_, _ = stdin.Write(order)
		report <- attend(read, stdin, o.MayRunHooks)
	}()
	err = cmd.Wait()
	_ = read.SetReadDeadline(time.Now().Add(time.Second)) // a process that it left may hold the pipe
	ended := daemon.Ended{Report: <-report}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() && ctx.Err() == nil {
		ended.Code = exit.ExitCode()
		return ended, nil
	}
	return ended, err
}

// maxReport bounds what a render reports, in bytes.
const maxReport = 4 << 20

// attend answers a render, and returns its report; nil where it came to none.
func attend(from io.Reader, to io.Writer, mayRunHooks func([]string) bool) *daemon.Report {
	for messages := json.NewDecoder(io.LimitReader(from, maxReport)); ; {
		var m childMessage
		if err := messages.Decode(&m); err != nil || m.Report != nil {
			return m.Report
		}
		_ = json.NewEncoder(to).Encode(mayRunHooks == nil || mayRunHooks(m.InPlace))
	}
}

// childEnviron is the environment of a render: it is not the service that systemd
// hears of, and leaves no core, whatever traces the daemon leaves.
func (a *app) childEnviron(terse bool) []string {
	own := append(daemon.NotifyVariables(), "GOTRACEBACK")
	env := slices.DeleteFunc(slices.Clone(a.environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(own, name)
	})
	if terse {
		return append(env, "GOTRACEBACK=none")
	}
	return append(env, "GOTRACEBACK=single")
}

func (a *app) tickArgs(o daemon.Order) []string {
	var args []string
	if o.Changed {
		args = append(args, "--changed")
	}
	for _, n := range o.Names {
		args = append(args, "--job="+n)
	}
	given := a.globals.given()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		args = append(args, "--"+name+"="+given[name])
	}
	return args
}

// self is this very program, also where a newer one has taken its place on the
// disk: what it says to its renders is between the two of them.
func self() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// errDaemonEnded is why a render ends early.
var errDaemonEnded = errors.New("the daemon has ended, or the run took too long")

// asTick makes this process a daemon's render. It takes its order from standard
// input and ends where that ends. It does not end at a signal: systemd sends one
// to every process of a service, and a job that has begun is to be finished.
func (a *app) asTick(ctx context.Context) (context.Context, error) {
	var order childOrder
	fromDaemon := json.NewDecoder(a.stdin)
	if err := fromDaemon.Decode(&order); err != nil {
		return nil, usagef("--tick is for the daemon alone: %w", err)
	}
	a.snapshot, a.runID, a.repeats, a.dated = &order.Config, order.RunID, order.LogRepeats, true
	a.log = a.newLog(slog.LevelInfo, "text")
	a.results = os.NewFile(resultsFD, "results")
	syscall.CloseOnExec(resultsFD) // hooks must not keep it open
	outliveReaders()
	ctx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	answers := make(chan bool, 1)
	if order.AskHooks {
		a.mayRunHooks = func(names []string) bool { return a.askDaemon(ctx, names, answers) }
	}
	go func() {
		for answer := false; fromDaemon.Decode(&answer) == nil; {
			answers <- answer
		}
		end(errDaemonEnded)
		time.AfterFunc(childGrace, func() { os.Exit(exitFailed) }) // a kill at any time is safe
	}()
	return ctx, nil
}

// resultsFD is the first of exec.Cmd.ExtraFiles.
const resultsFD = 3

// sendReport tells the daemon what a run asked for and how long it took.
func (a *app) sendReport(r render.Report) {
	if a.results == nil {
		return
	}
	out := daemon.Report{Codes: map[string]int{}}
	for _, j := range r.Jobs {
		out.Codes[j.Job.Name] = exitCode(j.Err)
	}
	for _, p := range r.Stats.Phases {
		if p.Name == "fetch" {
			out.Fetch += p.Took
		}
	}
	for _, h := range r.Hooks {
		for _, name := range h.Jobs {
			out.Codes[name] = worse(out.Codes[name], exitCode(h.Err))
		}
		out.Hooks = append(out.Hooks, daemon.HookRun{Jobs: h.Jobs, Took: h.Took})
	}
	out.Usage = a.usage()
	_ = json.NewEncoder(a.results).Encode(childMessage{Report: &out}) // without it the daemon counts nothing
	_ = a.results.Close()
}

// askDaemon tells the daemon whose files are in place, and waits for its word on
// the hooks.
func (a *app) askDaemon(ctx context.Context, names []string, answers <-chan bool) bool {
	if err := json.NewEncoder(a.results).Encode(childMessage{InPlace: names}); err != nil {
		return false
	}
	select {
	case answer := <-answers:
		return answer
	case <-ctx.Done():
		return false
	}
}

// isRepeat reports whether a failure, if it is one, is not to be logged again.
func (a *app) isRepeat(failedBefore bool) bool {
	return failedBefore && a.snapshot != nil && !a.repeats
}

// reportRow says how long a job has been failing.
func (a *app) reportRow(j render.JobReport) {
	if row := daemon.InARow(j.Result); row != "" {
		a.log.Warn(j.Job.Name+": fails repeatedly"+row, "job", j.Job.Name)
	}
}

// outliveReaders makes a write to a standard error that nobody reads any more an
// error like another: unheard, SIGPIPE ends a Go program there, and systemd takes
// that for an end in good order. Heard and not ignored, since hooks would inherit
// that (https://pkg.go.dev/os/signal#hdr-SIGPIPE).
func outliveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// reportNews says on one line what a job has changed: names and versions.
func (a *app) reportNews(j render.JobReport) {
	var dests []string
	for _, c := range j.Changes {
		if c.Kind != job.Unchanged {
			dests = append(dests, pastTense(c.Kind)+" "+c.Path)
		}
	}
	if len(dests) == 0 || j.Err != nil {
		return
	}
	var news []string
	for _, k := range j.News {
		version := k.Trace.Version
		if k.Trace.Absent {
			version = "absent"
		}
		news = append(news, fmt.Sprintf("%s version %s", k.Ref, version))
	}
	line := j.Job.Name + ": " + strings.Join(dests, ", ")
	if len(news) > 0 {
		line += " with " + strings.Join(news, ", ")
	}
	a.log.Info(line, "job", j.Job.Name, "changes", dests, "versions", versions(j.News))
}
