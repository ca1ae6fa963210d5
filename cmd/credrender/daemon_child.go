package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

// This file holds both ends of the daemon's child process: the daemon starts it, and
// it renders the changed jobs.

// childGrace is how long a child may take to end after its standard input has ended.
const childGrace = 20 * time.Second

// childOrder is what the daemon writes to the child's standard input, which then stays
// open: the child sees by its end that the daemon has ended.
type childOrder struct {
	Config     config.Snapshot `json:"config"`
	RunID      string          `json:"run,omitempty"`
	LogRepeats bool            `json:"log_repeats,omitempty"`
	AskHooks   bool            `json:"ask_hooks,omitempty"`
}

// daemonMessage is what the daemon writes to the child after the order.
type daemonMessage struct {
	MayRunHooks bool `json:"may_run_hooks,omitempty"`
	// Stop ends a run that has not begun to change files. It is not a signal, because
	// systemd may send one to every process of a service.
	Stop bool `json:"stop,omitempty"`
}

// childMessage is what the child writes to the daemon. If the order has AskHooks, the
// first one lists the jobs whose files are in place, and the daemon answers whether
// their hooks may run. The last one is the report.
type childMessage struct {
	InPlace []string       `json:"in_place,omitempty"`
	Report  *daemon.Report `json:"report,omitempty"`
}

// renderInChild renders jobs of cfg in a child process, which logs directly to standard
// error and reports only counts and times.
func (a *app) renderInChild(ctx context.Context, cfg *config.Config, o daemon.Order) (daemon.Ended, error) {
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
	cmd.Args = append([]string{"credrender", "render", "--tick"}, a.childArgs(o)...)
	cmd.Env, cmd.Dir = a.childEnviron(o.Terse), a.dir
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = a.stdout, a.stderr, []*os.File{write}
	// Ctrl-C on a terminal must reach only the daemon, which waits for the child.
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
	over := make(chan struct{})
	go func() { // ends with the process, whose Wait closes its standard input
		_, _ = stdin.Write(order)
		go func() {
			select {
			case <-o.Stop:
				_ = json.NewEncoder(stdin).Encode(daemonMessage{Stop: true})
			case <-over:
			}
		}()
		report <- answerChild(read, stdin, o.MayRunHooks)
	}()
	err = cmd.Wait()
	close(over)
	_ = read.SetReadDeadline(time.Now().Add(time.Second)) // a process that outlives the child may hold the pipe
	ended := daemon.Ended{Report: <-report}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() && ctx.Err() == nil {
		ended.Code = exit.ExitCode()
		return ended, nil
	}
	return ended, err
}

// maxReport bounds the messages of a child, in bytes.
const maxReport = 4 << 20

// answerChild answers the messages of a child and returns its report, or nil if the child
// ended without one.
func answerChild(from io.Reader, to io.Writer, mayRunHooks func([]string) bool) *daemon.Report {
	for messages := json.NewDecoder(io.LimitReader(from, maxReport)); ; {
		var m childMessage
		if err := messages.Decode(&m); err != nil || m.Report != nil {
			return m.Report
		}
		_ = json.NewEncoder(to).Encode(daemonMessage{MayRunHooks: mayRunHooks == nil || mayRunHooks(m.InPlace)})
	}
}

// childEnviron returns the environment of a child. The child must not notify systemd, and
// must leave no core dump, since it holds secrets.
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

func (a *app) childArgs(o daemon.Order) []string {
	var args []string
	if o.Changed {
		args = append(args, "--changed")
	}
	for _, n := range o.Names {
		args = append(args, "--job="+n)
	}
	return append(args, a.globals.args()...)
}

// self returns the path of the running program, even after an upgrade replaced the file:
// daemon and child must be the same version.
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

// errDaemonEnded is why a child ends early.
var errDaemonEnded = errors.New("the daemon has ended, or the run took too long")

// becomeChild makes this process a daemon's child. It reads its order from standard
// input, and ends when that ends. It ignores SIGTERM, which systemd sends to every
// process of a service: a job that has begun runs to its end.
func (a *app) becomeChild(ctx context.Context) (context.Context, error) {
	var order childOrder
	fromDaemon := json.NewDecoder(a.stdin)
	if err := fromDaemon.Decode(&order); err != nil {
		return nil, usagef("--tick is for the daemon only: %w", err)
	}
	a.snapshot, a.runID, a.repeats, a.dated = &order.Config, order.RunID, order.LogRepeats, true
	a.line.off()
	a.log = a.newLog(slog.LevelInfo, "text")
	a.results = os.NewFile(resultsFD, "results")
	syscall.CloseOnExec(resultsFD) // hooks must not keep it open
	catchSIGPIPE()
	ctx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	answers, stop := make(chan bool, 1), make(chan struct{})
	a.stop = stop
	if order.AskHooks {
		a.mayRunHooks = func(names []string) bool { return a.askDaemon(ctx, names, answers) }
	}
	go func() {
		for {
			var m daemonMessage
			if err := fromDaemon.Decode(&m); err != nil {
				break
			}
			if m.Stop {
				close(stop) // the daemon sends it once
			} else {
				answers <- m.MayRunHooks
			}
		}
		end(errDaemonEnded)
		time.AfterFunc(childGrace, func() { os.Exit(exitFailed) }) // a kill at any time is safe
	}()
	return ctx, nil
}

// resultsFD is the first of exec.Cmd.ExtraFiles.
const resultsFD = 3

// sendReport writes the results of a run to the daemon: exit codes, requests and times.
func (a *app) sendReport(r render.Report) {
	if a.results == nil {
		return
	}
	out := daemon.Report{Codes: map[string]int{}, Stopped: r.Stopped}
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

// askDaemon sends the names of the jobs whose files are in place, and returns whether the
// daemon lets hooks run.
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

// isRepeat reports whether a child leaves out a failure that was logged before.
func (a *app) isRepeat(loggedBefore bool) bool {
	return loggedBefore && a.snapshot != nil && !a.repeats
}

// reportFailures logs how often a job has failed in a row, and since when.
func (a *app) reportFailures(j render.JobReport) {
	if row := daemon.InARow(j.Result); row != "" {
		a.log.Warn(j.Job.Name+": fails repeatedly"+row, "job", j.Job.Name)
	}
}

// catchSIGPIPE turns a write to a closed standard error into an ordinary error. By
// default SIGPIPE ends the process, and systemd treats that as a clean exit. The signal
// is caught and not ignored, because hooks would inherit an ignored one
// (https://pkg.go.dev/os/signal#hdr-SIGPIPE).
func catchSIGPIPE() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// reportChild logs the changes of a job, and the new versions, on one line.
func (a *app) reportChild(j render.JobReport) {
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
