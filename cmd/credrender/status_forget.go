package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
)

// This file holds status --forget, for jobs of the command line and of removed configs.
// The next run forgets jobs that were removed from a config.

func (o *statusOptions) addForget(a *app, c *cobra.Command) {
	c.Flags().StringArrayVar(&o.forget, "forget", nil, "forget a `JOB` of the command line, or of a removed config (repeatable); its files stay")
	c.Flags().BoolVar(&o.force, "force", false, "with --forget: include jobs that have a pending hook or were interrupted")
	c.Flags().DurationVar(&o.lockTimeout, "lock-timeout", time.Minute, "with --forget: wait up to `DURATION` for another run to end")
	_ = c.RegisterFlagCompletionFunc("forget", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.forgettable(c.Context()), cobra.ShellCompDirectiveNoFileComp
	})
}

// forgettable returns the jobs that --forget accepts, for completion.
func (a *app) forgettable(ctx context.Context) (names []string) {
	cfg, err := a.config(ctx)
	if err != nil {
		return nil
	}
	st, err := a.openState(cfg, true)
	if err != nil || st == nil {
		return nil
	}
	defer st.Close()
	jobs, _ := st.Jobs()
	for _, j := range jobs {
		if rec := j.Record(); refuseConfigured(cfg, rec) == nil {
			names = append(names, rec.Name)
		}
	}
	return names
}

func runForget(ctx context.Context, a *app, o *statusOptions) error {
	if o.check || o.maxAge != 0 || o.format != "text" || o.html != "" {
		return usagef("--forget cannot be combined with --check, --max-age, --output and --html")
	}
	cfg, err := a.config(ctx)
	if err != nil {
		return err
	}
	st, err := a.writableState(cfg, "forget")
	if err != nil {
		return err
	}
	defer st.Close() // each write was synced by itself
	token, _ := a.lookupEnv(render.LockEnv)
	lock, err := st.Lock(ctx, o.lockTimeout, token)
	if err != nil {
		return fmt.Errorf("take the lock: %w", err)
	}
	defer func() { _ = lock.Release() }() // the kernel does it for us at the latest
	known, err := st.Jobs()
	var chosen []*state.Job
	var errs []error
	for _, name := range o.forget {
		j, errJob := a.findForgettable(cfg, known, name, o.force)
		if errJob != nil {
			errs = append(errs, errJob)
			continue
		}
		chosen = append(chosen, j)
	}
	if len(errs) > 0 { // the job may be in a state file that could not be read
		return errors.Join(append(errs, err)...)
	}
	for _, j := range chosen {
		if err := j.Forget(); err != nil {
			return fmt.Errorf("forget %s: %w", j.Record().Name, err)
		}
		a.reportForgotten(j.Record())
	}
	return nil
}

// findForgettable finds a job by name or id, and refuses one that must not be
// forgotten.
func (a *app) findForgettable(cfg *config.Config, known []*state.Job, name string, force bool) (*state.Job, error) {
	var found []*state.Job
	var names []string
	for _, j := range known {
		rec := j.Record()
		names = append(names, rec.Name)
		if rec.ID == name {
			found = []*state.Job{j}
			break
		}
		if rec.Name == name || rec.ID == a.abs(name) {
			found = append(found, j)
		}
	}
	switch {
	case len(found) == 0 && len(names) == 0:
		return nil, usagef("--forget: there is no job %q in %s, which has no jobs", name, cfg.Settings.StateDir)
	case len(found) == 0:
		return nil, usagef("--forget: there is no job %q in %s, which has %s", name, cfg.Settings.StateDir, strings.Join(names, ", "))
	case len(found) > 1:
		return nil, usagef("--forget: several jobs have the name %q: pass the id of one, which 'credrender status -o json' shows", name)
	}
	rec := found[0].Record()
	if err := refuseConfigured(cfg, rec); err != nil {
		return nil, err
	}
	switch {
	case force:
	case rec.Txn.Phase != txn.Idle:
		return nil, fmt.Errorf("%s: its last run was interrupted: 'credrender recover' restores its files; --force forgets it and leaves them as they are", rec.Name)
	case rec.HookPending():
		return nil, fmt.Errorf("%s: its hook is pending: render the job to run it; --force forgets both", rec.Name)
	}
	return found[0], nil
}

// refuseConfigured refuses a job that is, or may be, in a config.
func refuseConfigured(cfg *config.Config, rec state.Record) error {
	file, ofConfig := job.ConfigOf(rec.ID, rec.Name)
	if !ofConfig {
		return nil
	}
	if slices.ContainsFunc(cfg.Jobs, func(j job.Job) bool { return j.ID == rec.ID }) {
		return usagef("%s is a job of %s: remove it there, and the next run forgets it", rec.Name, file)
	}
	read := slices.Contains(cfg.Files, file) && len(cfg.Broken) == 0
	_, err := os.Lstat(file)
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	if !gone && !read { // the job may still be in it
		return usagef("%s was a job of %s, which still exists: pass --config %s to check whether it still has the job", rec.Name, file, file)
	}
	return nil
}

// reportForgotten logs what a forgotten job leaves behind.
func (a *app) reportForgotten(rec state.Record) {
	text := "forgot " + rec.Name
	if files := slices.Sorted(maps.Keys(rec.Files)); len(files) > 0 {
		text += ", and left " + strings.Join(files, ", ") + " in place"
	}
	a.log.Info(text, "job", rec.Name)
	if rec.HookPending() {
		a.log.Warn(rec.Name+": its pending hook will not run", "job", rec.Name)
	}
	if rec.Txn.Phase == txn.Idle {
		return
	}
	a.log.Warn(rec.Name+": its last run was interrupted, and its files will not be restored", "job", rec.Name)
	for _, f := range rec.Txn.Files {
		dir := path.Join(rec.Txn.Root, path.Dir(f.Path))
		a.log.Warn(fmt.Sprintf("%s: %s may be old or new; next to it may be %s (the new one) and %s (the old one)",
			rec.Name, f.Dest, path.Join(dir, f.New), path.Join(dir, f.Old)), "job", rec.Name)
	}
}
