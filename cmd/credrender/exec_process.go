package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/credrender/credrender/pkg/template/mask"
)

// Exit codes for a command that does not start, as in a shell
// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02).
const (
	exitCannotRun = 126
	exitNoCommand = 127
)

// replaceProcess replaces this process with a command, and returns only on failure.
// execve(2) resets the signals that this process catches. signal.Reset does so already
// for a signal that arrives just before.
func (a *app) replaceProcess(path string, args, env []string) error {
	signal.Reset()
	return a.cannotStart(args[0], syscall.Exec(path, args, env))
}

func (a *app) cannotStart(name string, err error) error {
	code := exitCannotRun
	if errors.Is(err, fs.ErrNotExist) {
		code = exitNoCommand
	}
	a.log.Error(fmt.Sprintf("start %s: %v", mask.Visible(name), reason(err)), "code", code)
	a.code = code
	return nil
}

// lookPath finds a command as a shell does, in the PATH of this process: the child's
// environment may have none.
func (a *app) lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, isCommand(name)
	}
	list, _ := a.lookupEnv("PATH")
	found := error(&fs.PathError{Op: "find", Path: name, Err: fs.ErrNotExist})
	for _, dir := range filepath.SplitList(list) {
		if !filepath.IsAbs(dir) { // as in os/exec, never run a program of the working directory by accident
			continue
		}
		path := filepath.Join(dir, name)
		err := isCommand(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			found = err
		}
	}
	return "", found
}

func isCommand(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir() || info.Mode()&0o111 == 0:
		return &fs.PathError{Op: "run", Path: path, Err: fs.ErrPermission}
	}
	return nil
}

// reason removes the path from an error, for a message that contains the command.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
