package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// runDaemon runs the daemon over a rotation, for as long as was asked for.
func (j *journey) runDaemon(ctx context.Context) error {
	_, dest, hooked, err := j.job("daemon", `{{ secret "db" "env=prod" }} {{ ssm "`+j.parameter()+`" | len }} {{ secretsManager "`+j.secret()+`" | len }}`)
	if err != nil {
		return err
	}
	config := filepath.Join(j.dir, "daemon.yaml")
	text := fmt.Sprintf("region: %s\ntable: %s\nkey: %s\nschedule: \"@every %s\"\njobs:\n  - name: live\n    src: daemon.tmpl\n    dest: %s\n    hook: echo changed >> %s\n",
		j.region, j.table(), j.alias(), j.interval, dest, hooked)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	var log bytes.Buffer
	// The end of the journey's context ends the daemon as systemd would.
	cmd := j.command(ctx, "-c", config, "--state-dir", filepath.Join(j.dir, "daemon.state"), "daemon")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	watchErr := j.watchDaemon(ctx, dest)
	termErr := cmd.Process.Signal(syscall.SIGTERM)
	if err := errors.Join(watchErr, termErr, endOf(cmd)); err != nil {
		return fmt.Errorf("%w\nthe daemon's log: %s", err, j.masked(log.String()))
	}
	if runs := lines(hooked); runs != 2 {
		return fmt.Errorf("the daemon's hook ran %d times, want 2\nthe daemon's log: %s", runs, j.masked(log.String()))
	}
	return j.leak([]string{"daemon"}, log.String())
}

func endOf(cmd *exec.Cmd) error {
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the daemon ended with %w", err)
	}
	return nil
}

// watchDaemon waits for the first render, rotates at half time, and waits for
// the new version.
func (j *journey) watchDaemon(ctx context.Context, dest string) error {
	end := time.Now().Add(j.daemon)
	reads := func() bool {
		data, err := os.ReadFile(dest)
		return err == nil && bytes.HasPrefix(data, []byte(j.current+" "))
	}
	if err := j.waitFor(ctx, "the daemon renders", time.Minute, reads); err != nil {
		return err
	}
	if err := pause(ctx, time.Until(end)/2); err != nil {
		return err
	}
	j.current = j.newValue()
	if _, err := j.want(ctx, 0, j.current, "put", "db", "-", "env=prod"); err != nil {
		return err
	}
	// An interval, the eventual consistency of the check, and the render.
	if err := j.waitFor(ctx, "the daemon renders the new version", 2*j.interval+15*time.Second, reads); err != nil {
		return err
	}
	return pause(ctx, time.Until(end))
}

func (j *journey) waitFor(ctx context.Context, what string, limit time.Duration, ok func() bool) error {
	for end := time.Now().Add(limit); !ok(); {
		if time.Now().After(end) {
			return fmt.Errorf("waited %s in vain until %s", limit, what)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// masked shows a log only if no value is in it.
func (j *journey) masked(log string) string {
	if j.leak(nil, log) != nil {
		return "(hidden: a secret's value is in it)"
	}
	return log
}
