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

// This file is both ends of a daemon's render: the process that the daemon
// starts, and what that does otherwise than a render by hand.

// renderInChild renders jobs of cfg in a process of its own, which gets the config
// on its standard input and speaks for itself on standard error.
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
	// A terminal's Ctrl-C is for the daemon, which waits for this one to end.
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

// becomeChild makes this process a daemon's render: it takes the config from standard
// input, and is not told to stop, since systemd tells every process of a service
// and a job that has begun shall end.
func (a *app) becomeChild(ctx context.Context) (context.Context, error) {
	a.snapshot = &config.Snapshot{}
	if err := json.NewDecoder(a.stdin).Decode(a.snapshot); err != nil {
		return nil, usagef("--tick is for the daemon alone: %w", err)
	}
	catchSIGPIPE()
	return context.WithoutCancel(ctx), nil
}

// catchSIGPIPE makes a write to a standard error that nobody reads any more an
// error like another: unheard, SIGPIPE ends a Go program there, and systemd takes
// that for an end in good order. Heard and not ignored, since hooks would inherit
// that (https://pkg.go.dev/os/signal#hdr-SIGPIPE).
func catchSIGPIPE() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// reportChild says on one line what a job has changed: names and versions.
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
