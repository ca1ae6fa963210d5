package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/internal/job"
)

// readNamed reads a file that a flag or argument names.
func (a *app) readNamed(path string) ([]byte, error) {
	path = a.abs(path)
	data, err := a.input.ReadFile(path)
	return data, fileError(nameFile(path, err))
}

// readStdin reads standard input to its end, for as long as somebody takes to
// write it.
func (a *app) readStdin() ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return data, fileError(nameFile("standard input", err))
}

// readInput reads standard input, which must hold something.
func (a *app) readInput(what string) ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return refuseEmpty(what, data, err)
}

// full refuses standard input with nothing at all: that is what a program leaves
// that failed before the pipe.
func refuseEmpty(what string, data []byte, err error) ([]byte, error) {
	if err == nil && len(data) == 0 {
		return nil, usagef("%s: standard input is empty: was there an error before the pipe?", what)
	}
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", nameFile("standard input", err))
	}
	return data, nil
}

// text is what reading a file has come to.
type text struct {
	data []byte
	err  error
}

// readPipes reads what can be read only once, or may keep a reader waiting,
// before a render takes its lock. --wait renders again of what was read.
func (a *app) readPipes(cfg *config.Config, jobs []job.Job, named map[string]bool) {
	for i := range jobs {
		for _, f := range jobs[i].Files {
			info, err := os.Stat(f.Src)
			_, read := a.piped[f.Src]
			if f.Src != stdinName && (err != nil || read || info.Mode().IsRegular() || info.IsDir()) || read {
				continue
			}
			data, err := a.readFile(cfg, &jobs[i], f.Src, named)
			a.piped[f.Src] = text{data, err}
		}
	}
}

// ofFile names the file of an error that package input leaves unnamed.
func nameFile(path string, err error) error {
	switch {
	case errors.Is(err, input.ErrTooLarge):
		return usagef("%s: %w", path, err)
	case errors.Is(err, input.ErrSilent):
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// readFile reads what a job names, if it is believed; a file that was named on
// the command line is root's own word and gets a warning.
func (a *app) readFile(cfg *config.Config, j *job.Job, path string, named map[string]bool) ([]byte, error) {
	if t, ok := a.piped[path]; ok {
		return t.data, t.err
	}
	if path == stdinName {
		return a.readPiped()
	}
	trust := cfg.Trust
	trust.Owners = append(append([]int{}, trust.Owners...), j.Owners...)
	if !named[path] {
		data, err := trust.ReadFile(path)
		return data, fileError(nameFile(path, err))
	}
	data, doubt, err := trust.ReadNamed(path)
	if doubt != nil {
		a.log.Warn(doubt.Error())
	}
	return data, fileError(nameFile(path, err))
}

// readPiped returns standard input, which is the template -. It keeps the text:
// several jobs may have that template, and --wait renders it again.
func (a *app) readPiped() ([]byte, error) {
	if t, ok := a.piped[stdinName]; ok {
		return t.data, t.err
	}
	data, err := a.input.ReadAll(a.stdin, a.atTerminal(a.stdin))
	data, err = refuseEmpty("a template", data, err) // an empty file would replace a good one
	a.piped[stdinName] = text{data, err}
	return data, err
}

// shorter makes a usage error of a file that is not there: its name came from
// the config or the command line.
func fileError(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return &usageError{fmt.Errorf("%s: %w", pe.Path, pe.Err)}
	}
	return err
}
