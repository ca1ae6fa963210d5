package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/input"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// world is what a render sees of this machine.
func (a *app) world(cfg *config.Config, st *state.Dir, named map[string]bool) render.Env {
	w := render.Env{
		Open: a.stores.Source, Account: a.stores.Account, Home: a.home(), Disk: txn.Disk{FS: a.fs}, State: st,
		Host: template.Host{LookupEnv: a.lookupEnv, Hostname: os.Hostname, Now: time.Now, LoadLocation: time.LoadLocation},
	}
	w.StampFile, w.Version, w.Own = fsys.Stamp, version(), a.own(cfg)
	w.LockToken, _ = a.lookupEnv(render.LockEnv)
	w.ReadFile = func(j *job.Job, path string) ([]byte, error) { return a.readFile(cfg, j, path, named) }
	w.Host.SaltKey = func() ([]byte, error) {
		if st == nil {
			return nil, errors.New("htpasswd needs a state directory, which keeps this host's key for salts")
		}
		return st.HostKey()
	}
	return w
}

// renderWorld is the world, with fixtures in the place of what they have.
func (a *app) renderWorld(cfg *config.Config, st *state.Dir, named map[string]bool, f *jobFlags) (render.Env, error) {
	w := a.world(cfg, st, named)
	w.Own = append(w.Own, a.ownNamed("the file of --vars", f.varsFile)...)
	w.Own = append(w.Own, a.ownNamed("the file of --fixtures", f.fixtures)...)
	var err error
	if w.Disk.Root, err = a.root(f.root); err != nil || f.fixtures == "" {
		return w, err
	}
	data, err := a.readNamed(f.fixtures)
	if err != nil {
		return w, err
	}
	set, err := secretfile.ParseFixtures(f.fixtures, data)
	if err != nil {
		return w, &usageError{err}
	}
	w.Open = func(context.Context, job.Store, string) (source.Source, error) { return set, nil }
	w.StampFile, w.Account = nil, nil
	if set.Env != nil {
		w.Host.LookupEnv = func(name string) (string, bool) { v, ok := set.Env[name]; return v, ok }
	}
	if set.Hostname != "" {
		w.Host.Hostname = func() (string, error) { return set.Hostname, nil }
	}
	if !set.Now.IsZero() {
		w.Host.Now = func() time.Time { return set.Now.Time }
	}
	read := w.ReadFile
	w.ReadFile = func(j *job.Job, path string) ([]byte, error) {
		if v, ok := set.File[path]; ok {
			return v.Reveal(), nil
		}
		return read(j, path)
	}
	return w, nil
}

// readNamed reads a file that a flag or argument names.
func (a *app) readNamed(path string) ([]byte, error) {
	path = a.abs(path)
	data, err := a.input.ReadFile(path)
	return data, shorter(ofFile(path, err))
}

// readStdin reads standard input to its end, for as long as somebody takes to
// write it.
func (a *app) readStdin() ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return data, shorter(ofFile("standard input", err))
}

// readInput reads standard input, which must hold something.
func (a *app) readInput(what string) ([]byte, error) {
	data, err := a.input.ReadAll(a.stdin, true)
	return full(what, data, err)
}

// full refuses standard input with nothing at all: that is what a program leaves
// that failed before the pipe.
func full(what string, data []byte, err error) ([]byte, error) {
	if err == nil && len(data) == 0 {
		return nil, usagef("%s: standard input is empty: was there an error before the pipe?", what)
	}
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", ofFile("standard input", err))
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
func ofFile(path string, err error) error {
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
		return data, shorter(ofFile(path, err))
	}
	data, doubt, err := trust.ReadNamed(path)
	if doubt != nil {
		a.log.Warn(doubt.Error())
	}
	return data, shorter(ofFile(path, err))
}

// readPiped returns standard input, which is the template -. It keeps the text:
// several jobs may have that template, and --wait renders it again.
func (a *app) readPiped() ([]byte, error) {
	if t, ok := a.piped[stdinName]; ok {
		return t.data, t.err
	}
	data, err := a.input.ReadAll(a.stdin, a.atTerminal(a.stdin))
	data, err = full("a template", data, err) // an empty file would replace a good one
	a.piped[stdinName] = text{data, err}
	return data, err
}

// shorter makes a usage error of a file that is not there: its name came from
// the config or the command line.
func shorter(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return &usageError{fmt.Errorf("%s: %w", pe.Path, pe.Err)}
	}
	return err
}
