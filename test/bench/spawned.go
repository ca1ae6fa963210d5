package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command is a program that is to be measured.
type command struct {
	dir    string
	env    []string
	stdout *os.File
	args   []string
}

// usage is what a program took, with all the processes that it waited for.
type usage struct {
	wall, cpu time.Duration
	mib       float64 // the most memory of one of them
}

// spawned runs a program and waits. Command spawn measures it, where its path is given: without
// it, a peak is at least that of this process.
func spawned(ctx context.Context, spawn string, c command) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, tooLong)
	defer cancel()
	program, err := exec.LookPath(c.args[0])
	if err != nil {
		return usage{}, err
	}
	args := append([]string{program}, c.args[1:]...)
	if spawn != "" {
		args = append([]string{spawn}, args...)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return usage{}, err
	}
	defer read.Close()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, c.stdout, &stderr
	cmd.ExtraFiles = []*os.File{write}
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // spawn's child as well
	began := time.Now()
	err = cmd.Run()
	wall := time.Since(began)
	write.Close()
	switch {
	case err != nil:
		return usage{}, fmt.Errorf("%w: %s", err, lastLine(stderr.String()))
	case spawn == "":
		return ownChild(cmd, wall)
	}
	return reported(read)
}

// ownChild is what the kernel keeps of a child of this process.
func ownChild(cmd *exec.Cmd, wall time.Duration) (usage, error) {
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("no resource usage")
	}
	return usage{wall, time.Duration(u.Utime.Nano() + u.Stime.Nano()), float64(u.Maxrss) / 1024}, nil
}

// reported is what command spawn has written.
func reported(read *os.File) (usage, error) {
	var kib, cpu, wall int64
	if _, err := fmt.Fscan(read, &kib, &cpu, &wall); err != nil {
		return usage{}, fmt.Errorf("spawn: %w", err)
	}
	return usage{time.Duration(wall) * time.Microsecond, time.Duration(cpu) * time.Microsecond, float64(kib) / 1024}, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
