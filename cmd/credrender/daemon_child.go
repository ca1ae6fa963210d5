package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
)

// This file holds both ends of the daemon's child process: the daemon starts it, and
// it renders the changed jobs.

// renderInChild renders jobs of cfg in a child process, and returns its exit code. The
// child reads the config from standard input and logs directly to standard error.
func (a *app) renderInChild(ctx context.Context, cfg *config.Config, names []string, changed bool) (int, error) {
	snapshot, err := json.Marshal(cfg.Read)
	if err != nil {
		return exitFailed, err
	}
	cmd := exec.CommandContext(ctx, self())
	cmd.Args = append([]string{"credrender", "render", "--tick"}, a.childArgs(names, changed)...)
	cmd.Env = slices.DeleteFunc(slices.Clone(a.environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(daemon.NotifyVariables(), name)
	})
	cmd.Dir = a.dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(snapshot), a.stdout, a.stderr
	// Ctrl-C on a terminal must reach only the daemon, which waits for the child.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

func (a *app) childArgs(names []string, changed bool) []string {
	var args []string
	if changed {
		args = append(args, "--changed")
	}
	for _, n := range names {
		args = append(args, "--job="+n)
	}
	given := a.globals.given()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		args = append(args, "--"+name+"="+given[name])
	}
	return args
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

// becomeChild makes this process a daemon's child. It reads the config from standard
// input and ignores SIGTERM, which systemd sends to every process of a service: a job
// that has begun runs to its end.
func (a *app) becomeChild(ctx context.Context) (context.Context, error) {
	a.snapshot = &config.Snapshot{}
	if err := json.NewDecoder(a.stdin).Decode(a.snapshot); err != nil {
		return nil, usagef("--tick is for the daemon alone: %w", err)
	}
	catchSIGPIPE()
	return context.WithoutCancel(ctx), nil
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
