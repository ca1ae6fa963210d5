package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
)

// textfileName is the name of the metrics file in messages.
const textfileName = "the metrics of textfile"

// protected returns the files that a run reads or writes for itself, which must not be
// destinations.
func (a *app) protected(cfg *config.Config) []render.Own {
	var list []render.Own
	for _, file := range cfg.Files {
		list = append(list, render.Own{What: "the config", Path: file})
	}
	if !cfg.Read.Single && len(cfg.Files) > 0 {
		list = append(list, render.Own{What: "a file of the config", Path: filepath.Dir(cfg.Files[0]), Below: true, Ext: ".yaml"})
	}
	set := cfg.Settings
	list = append(list, render.Own{What: "the state directory", Path: set.StateDir, Below: true})
	list = append(list, a.protectedFile(textfileName, set.Textfile)...)
	if socket, ok := strings.CutPrefix(set.Listen, "unix:"); ok {
		list = append(list, render.Own{What: "the socket of listen", Path: socket})
	}
	if dir := a.runtimeDir(); dir != "" {
		// Only the key, because services may render into their runtime directory.
		list = append(list, render.Own{What: "the key of the state's fingerprints", Path: state.KeyPath(dir)})
	}
	stores := []job.Store{cfg.Base.Store}
	for _, j := range cfg.Jobs {
		stores = append(stores, j.Store)
		for _, path := range j.Partials {
			if own := (render.Own{What: "also a partial", Path: path}); !slices.Contains(list, own) {
				list = append(list, own)
			}
		}
	}
	return append(list, protectedStores(stores)...)
}

// protectedStores returns the files of local stores, including those of sources.
func protectedStores(stores []job.Store) (list []render.Own) {
	for _, s := range slices.Clone(stores) {
		for _, name := range s.SourceNames() {
			named, _ := s.Named(name)
			stores = append(stores, named)
		}
	}
	for _, s := range stores {
		found := []render.Own{{What: "the store", Path: s.Path}, {What: "the key of the store", Path: s.LocalKey}}
		if s.Kind == "local" && !slices.Contains(list, found[0]) {
			list = append(list, found...)
		}
	}
	return list
}

// protectedFile returns the file of a flag, or nothing if path is empty.
func (a *app) protectedFile(what, path string) []render.Own {
	if path == "" {
		return nil
	}
	return []render.Own{{What: what, Path: a.abs(path)}}
}

// refuseProtected returns an error if path, which is no job's destination, is one of the
// protected files. path may be empty.
func (a *app) refuseProtected(cfg *config.Config, own []render.Own, path string) error {
	if path == "" {
		return nil
	}
	w := a.env(cfg, nil, nil)
	w.Own = own
	j := adHoc(cfg, job.File{Dest: a.abs(path)})
	err := render.Arrange(w, []job.Job{j}, [][]job.Unit{nil})[0]
	if e, ok := errors.AsType[*render.PlaceError](err); ok {
		e.Job = "" // the hint for it is about jobs of the command line
	}
	return err
}

// checkTextfile refuses a metrics file in the place of a protected file. It may be in the
// state directory, because a systemd unit may have no other writable directory.
func (a *app) checkTextfile(cfg *config.Config) error {
	path := cfg.Settings.Textfile
	own := slices.DeleteFunc(a.protected(cfg), func(o render.Own) bool {
		return o.What == textfileName || o.Path == cfg.Settings.StateDir
	})
	for _, j := range cfg.Jobs {
		for _, path := range j.Partials {
			own = append(own, render.Own{What: "a partial of job " + j.Name + " (" + j.Origin + ")", Path: path, Job: j.Name})
		}
		for _, f := range j.Files {
			if f.Src != "" {
				own = append(own, render.Own{What: "the template of job " + j.Name, Path: f.Src, Below: f.Folder})
			}
		}
	}
	if err := a.refuseProtected(cfg, own, path); err != nil {
		return usagef("textfile: %w", err)
	}
	return nil
}

// root returns the absolute directory of --root, which need not exist, or "".
func (a *app) root(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	dir = a.abs(dir)
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return "", usagef("--root: %s is not a directory", dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return dir, nil
	}
	return dir, fileError(err)
}

// protected returns the templates that are printed before jobs are rendered.
func (s selection) protected() (list []render.Own) {
	for _, j := range s.stdout {
		for _, path := range j.Partials {
			list = append(list, render.Own{What: "also a partial of a template that goes to standard output", Path: path})
		}
		if f := j.Files[0]; f.Src != "" && f.Src != stdinName {
			list = append(list, render.Own{What: "also a template that goes to standard output", Path: f.Src})
		}
	}
	return list
}

// protectedJobs returns what the config's jobs read and write.
func (a *app) protectedJobs(cfg *config.Config) (own []render.Own) {
	for _, j := range cfg.Jobs {
		for _, f := range j.Files {
			if f.Folder {
				own = append(own, render.Own{What: "the folder of templates of job " + j.Name + " (" + j.Origin + ")", Path: f.Src, Below: true, Job: j.Name})
			}
		}
		for _, f := range a.madeFiles(cfg, &j) {
			if f.Src != "" {
				own = append(own, render.Own{What: "the template of job " + j.Name + " (" + j.Origin + ")", Path: f.Src, Job: j.Name})
			}
			own = append(own, render.Own{What: "a file of job " + j.Name + " (" + j.Origin + ")", Path: f.Dest, Job: j.Name})
		}
	}
	return own
}

// protectedRecords returns the files that jobs have written.
func protectedRecords(list []jobStatus) (own []render.Own) {
	for _, s := range list {
		for _, path := range s.Files {
			own = append(own, render.Own{What: "a file of job " + s.Job, Path: path})
		}
	}
	return own
}

// protectJobs keeps jobs of the command line from what the config's jobs read and write:
// each run of either would undo the other's. With force it warns instead.
func (a *app) protectJobs(w *render.Env, cfg *config.Config, jobs []job.Job, force bool) {
	if len(jobs) == 0 || jobs[0].Origin != commandLine {
		return
	}
	own := a.protectedJobs(cfg)
	if !force {
		w.Own = append(w.Own, own...)
		return
	}
	alone := *w
	alone.Own = own
	for _, err := range render.Arrange(alone, jobs, make([][]job.Unit, len(jobs))) {
		if e, ok := errors.AsType[*render.PlaceError](err); ok && e.Job != "" {
			a.log.Warn(fmt.Sprintf("allowed by --force: %v", e))
		}
	}
}
