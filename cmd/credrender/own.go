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

// own lists what a run reads or keeps for itself: nothing there may be a
// destination.
func (a *app) own(cfg *config.Config) []render.Own {
	var list []render.Own
	for _, file := range cfg.Files {
		list = append(list, render.Own{What: "the config", Path: file})
	}
	if !cfg.Read.Single && len(cfg.Files) > 0 {
		list = append(list, render.Own{What: "a file of the config", Path: filepath.Dir(cfg.Files[0]), Below: true, Ext: ".yaml"})
	}
	set := cfg.Settings
	list = append(list, render.Own{What: "the state directory", Path: set.StateDir, Below: true})
	list = append(list, a.ownNamed("the metrics of textfile", set.Textfile)...)
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
	return append(list, ownStores(stores)...)
}

// ownStores lists the files of local stores, named sources among them.
func ownStores(stores []job.Store) (list []render.Own) {
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

// ownNamed is a file that a flag names, if it does.
func (a *app) ownNamed(what, path string) []render.Own {
	if path == "" {
		return nil
	}
	return []render.Own{{What: what, Path: a.abs(path)}}
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
	return dir, shorter(err)
}

// own lists the templates that are printed before jobs are rendered.
func (s selection) own() (list []render.Own) {
	for _, j := range s.stdout {
		if f := j.Files[0]; f.Src != "" && f.Src != stdinName {
			list = append(list, render.Own{What: "also a template that goes to standard output", Path: f.Src})
		}
	}
	return list
}
