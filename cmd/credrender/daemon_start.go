package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
)

// This file is what a daemon does before it has a config, and what its start takes
// for the files of a job.

// crashBySignal has a panic and systemd's watchdog (SIGABRT) end the process by a
// signal: Go's own exit status 2 is that of a bad config, which a unit does not
// restart. No core is left of it. A render does not inherit the one, and may
// inherit the other.
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

// startLimit is how long systemd's start waits for files and config; 0: for ever.
func startLimit(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return 0
	}
	return max(timeout, minStart)
}

// awaitConfig waits for a config that is not there: cloud-init may write it after
// the daemon has been started. systemd's start fails when --timeout is over.
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
	_ = a.waitForConfig(ctx, path) // the caller looks at ctx
	return nil
}

// waitForConfig returns when the config is there, and has stopped changing: it may
// be being written.
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

// configPath is where the config is, and whether somebody named it.
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

// configStamp is another string after the config changed; "" where it is not there,
// as in a directory without a file of it. A config that cannot be looked at is left
// to config.Load, which says why.
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
	stamp := ""
	for _, f := range files {
		s, _ := fsys.Stamp(f) // one that is gone has none
		stamp += " " + s
	}
	return strings.TrimSpace(stamp)
}

// uncheckedTimeout is --timeout before there is a config: a value that is not one
// is an error when the config is read.
func (a *app) uncheckedTimeout() time.Duration {
	text := a.globals.given()["timeout"]
	if text == "" {
		text, _ = a.lookupEnv("CREDRENDER_TIMEOUT")
	}
	if limit, err := time.ParseDuration(text); err == nil && limit > 0 {
		return limit
	}
	return defaultTimeout
}

// missing returns which destination of a job is not there.
func (a *app) missing(j job.Job) string {
	for _, f := range j.Files {
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

// installed returns why the files of a job are not those that rec has as
// installed on this machine: a package's default file is not, nor one of an image.
func (a *app) installed(j job.Job, rec state.Record) string {
	disk := txn.Disk{FS: a.fs}
	if why := a.missing(j); why != "" {
		return why
	}
	if rec.Txn.Phase != txn.Idle {
		return "its last run was interrupted"
	}
	for _, f := range j.Files {
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
