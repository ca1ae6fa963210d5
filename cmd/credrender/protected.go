package main

import (
	"errors"
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

// textfileName is what messages call the file of the metrics.
const textfileName = "the metrics of textfile"

// own lists what a run reads or keeps for itself: nothing there may be a
// destination.
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
		// Only the key: services render into a runtime directory of theirs.
		list = append(list, render.Own{What: "the key of the state's fingerprints", Path: state.KeyPath(dir)})
	}
	stores := []job.Store{cfg.Base.Store}
	for _, j := range cfg.Jobs {
		stores = append(stores, j.Store)
	}
	return append(list, protectedStores(stores)...)
}

// protectedStores lists the files of local stores, named sources among them.
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

// protectedFile is a file that a flag names, if it does.
func (a *app) protectedFile(what, path string) []render.Own {
	if path == "" {
		return nil
	}
	return []render.Own{{What: what, Path: a.abs(path)}}
}

// refuseProtected refuses to replace one of those files by one that is no job's; path may
// be empty.
func (a *app) refuseProtected(cfg *config.Config, own []render.Own, path string) error {
	if path == "" {
		return nil
	}
	w := a.env(cfg, nil, nil)
	w.Own = own
	j := adHoc(cfg, job.File{Dest: a.abs(path)})
	return render.Arrange(w, []job.Job{j}, [][]job.Unit{nil})[0]
}

// checkTextfile refuses metrics in the place of a file that is read or kept. A unit
// may write nowhere but in its state directory, so that they may be there.
func (a *app) checkTextfile(cfg *config.Config) error {
	path := cfg.Settings.Textfile
	own := slices.DeleteFunc(a.protected(cfg), func(o render.Own) bool {
		return o.What == textfileName || o.Path == cfg.Settings.StateDir
	})
	for _, j := range cfg.Jobs {
		for _, f := range j.Files {
			if f.Src != "" {
				own = append(own, render.Own{What: "the template of job " + j.Name, Path: f.Src})
			}
		}
	}
	if err := a.refuseProtected(cfg, own, path); err != nil {
		return usagef("textfile: %w", err)
	}
	return nil
}

// root is the directory of --root, which create_dirs may make; empty: none was
// given.
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

// own lists the templates that are printed before jobs are rendered.
func (s selection) protected() (list []render.Own) {
	for _, j := range s.stdout {
		if f := j.Files[0]; f.Src != "" && f.Src != stdinName {
			list = append(list, render.Own{What: "also a template that goes to standard output", Path: f.Src})
		}
	}
	return list
}
