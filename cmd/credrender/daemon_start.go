package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// This file holds what a daemon does before it has a config, and its check whether the
// files of a job are in place.

// crashBySignal makes a panic and systemd's watchdog (SIGABRT) end the process by a
// signal, so that systemd restarts it: Go's own exit status 2 is that of a bad config,
// which a unit does not restart. The process leaves no core dump. A child inherits the
// limit of core dumps, but not the traceback setting.
func crashBySignal() {
	debug.SetTraceback("crash")
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit) // lowering it is always allowed
	}
}

const (
	configPoll     = 500 * time.Millisecond
	defaultTimeout = 2 * time.Minute // as --timeout has it
	// minStart is how long systemd's start waits at least: a short --timeout must
	// leave time for another try.
	minStart = 30 * time.Second
)

// startLimit returns how long systemd's start waits for files and config; 0: forever.
func startLimit(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return 0
	}
	return max(timeout, minStart)
}

// awaitConfig waits for a missing config: cloud-init may write it after the daemon has
// started. Under systemd the start fails when --timeout has passed.
func (a *app) awaitConfig(ctx context.Context, n *daemon.Notifier) error {
	path, isAsked := a.configPath()
	if !isAsked && a.euid != 0 && n == nil || a.configStamp(path) != "" {
		return nil
	}
	text := fmt.Sprintf("config %s does not exist: waiting for it", path)
	a.log.Warn(text)
	n.Send("STATUS=" + text)
	if n != nil {
		limited, stop := context.WithTimeout(ctx, startLimit(a.uncheckedTimeout()))
		defer stop()
		if err := a.waitForConfig(limited, path); errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the start failed: config %s does not exist", path)
		}
		return nil
	}
	_ = a.waitForConfig(ctx, path) // the caller checks ctx
	return nil
}

// waitForConfig returns when the config exists and has stopped changing, since another
// program may still write it.
func (a *app) waitForConfig(ctx context.Context, path string) error {
	for before := ""; ; {
		if err := sleep(ctx, configPoll); err != nil {
			return err
		}
		now := a.configStamp(path)
		if now != "" && now == before {
			return nil
		}
		before = now
	}
}

// configPath returns the path of the config, and whether it was set explicitly.
func (a *app) configPath() (path string, isAsked bool) {
	path, isAsked = a.globals.given()["config"]
	if !isAsked {
		path, _ = a.lookupEnv("CREDRENDER_CONFIG")
	}
	switch {
	case path != "":
		return a.abs(path), true
	case isAsked:
		return os.DevNull, true // config.Load refuses an empty name
	}
	return config.DefaultPath, false
}

// configStamp returns a string that changes with the config, or "" if there is none, as in
// a directory without config files. config.Load reports a config that cannot be examined.
func (a *app) configStamp(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil || info.Mode()&fs.ModeDevice != 0:
		return path
	}
	files := []string{path}
	if info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(path, "*.yaml"))
	}
	return strings.TrimSpace(stampAll(files))
}

// uncheckedTimeout returns --timeout before there is a config. config.Load reports an
// invalid value later.
func (a *app) uncheckedTimeout() time.Duration {
	variable, _ := a.lookupEnv("CREDRENDER_TIMEOUT")
	text := cmp.Or(a.globals.given()["timeout"], variable)
	if limit, err := time.ParseDuration(text); err == nil && limit > 0 {
		return limit
	}
	return defaultTimeout
}

// missing returns which destination of a job is missing, or "".
func (a *app) missing(j job.Job, rec state.Record) string {
	files, err := filesOf(&j, rec)
	if err != nil {
		return err.Error()
	}
	for _, f := range files {
		s, err := (txn.Disk{FS: a.fs}).Stamp(f.Dest)
		if err != nil {
			return err.Error()
		}
		if s == "" {
			return f.Dest + " is missing"
		}
	}
	return ""
}

// allInstalled reports whether every file of the jobs is the one that credrender
// installed on this machine.
func (a *app) allInstalled(st *state.Dir, jobs []job.Job) bool {
	if st == nil {
		return false
	}
	states, err := st.Jobs()
	records := map[string]state.Record{}
	for _, s := range states {
		records[s.Record().ID] = s.Record()
	}
	return err == nil && !slices.ContainsFunc(jobs, func(j job.Job) bool { return a.installed(j, records[j.ID]) != "" })
}

// installed returns why the files of a job are not the ones that credrender installed on
// this machine by rec, or "". A package's default file is not, nor one of a golden image.
func (a *app) installed(j job.Job, rec state.Record) string {
	disk := txn.Disk{FS: a.fs}
	if why := a.missing(j, rec); why != "" {
		return why
	}
	if rec.Txn.Phase != txn.Idle {
		return "its last run was interrupted"
	}
	files, _ := filesOf(&j, rec)
	for _, f := range files {
		in := rec.Files[disk.Host(f.Dest)]
		stamp, err := disk.Stamp(f.Dest)
		if err != nil {
			return err.Error()
		}
		if !rec.MadeOn(a.machine()) || in.Seen == "" || in.Seen != state.Seen(stamp) {
			return f.Dest + " is not the file that credrender installed on this machine"
		}
	}
	return ""
}
