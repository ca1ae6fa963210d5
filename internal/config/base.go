package config

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
)

// base returns the job that all jobs of a file start from.
func (l *loader) base(file map[string]scalar) (job.Job, error) {
	v := l.resolve(file)
	kind, path, _ := strings.Cut(v.GetString("store"), ":")
	j := job.Job{
		Splay:        v.GetDuration("splay"),
		CheckTimeout: job.CheckTimeout,
		HookTimeout:  job.HookTimeout,
		PruneLimit:   job.PruneLimit,
		Owners:       l.config.Trust.Owners,
		Store: job.Store{
			Kind:      kind,
			Path:      path,
			LocalKey:  v.GetString("local-key"),
			Table:     v.GetString("table"),
			Key:       v.GetString("key"),
			Region:    v.GetString("region"),
			KMSRegion: v.GetString("kms-region"),
			Profile:   v.GetString("profile"),
			RoleARN:   v.GetString("arn"),
		},
	}
	if spec := v.GetString("schedule"); spec != "" {
		var err error
		if j.Schedule, err = schedule.Parse(spec); err != nil {
			return j, &Error{Key: "schedule", Msg: err.Error(), Err: err}
		}
	}
	if kind == local && j.Store.Path == "" {
		dir := l.home("XDG_DATA_HOME", ".local/share")
		if dir == "" {
			return j, errors.New("no default path for the local store: set XDG_DATA_HOME or HOME, or write local:PATH")
		}
		j.Store.Path = filepath.Join(dir, "store.db")
	}
	if kind == local && j.Store.LocalKey == "" {
		j.Store.LocalKey = localKeyOf(j.Store.Path)
	}
	if kind == typeS3 {
		j.Store.Path = strings.TrimPrefix(path, "//")
	}
	if err := checkTable(j.Store); err != nil {
		return j, &Error{Key: "table", Msg: err.Error(), Err: err}
	}
	return j, nil
}

// localKeyOf returns the default key file of a local store: beside the store, with a name
// of its own. If two stores shared a key file, a new key for one would lose the key of
// the other.
func localKeyOf(path string) string {
	name := strings.TrimSuffix(path, filepath.Ext(path)) + ".key"
	if name == path {
		return path + ".key"
	}
	return name
}

// stateDir returns the default state directory, or "" if there is none.
func (l *loader) stateDir() string {
	if l.options.EUID == 0 {
		return "/var/lib/credrender"
	}
	return l.home("XDG_STATE_HOME", ".local/state")
}

// home returns credrender's directory below one of the XDG base directories
// (https://specifications.freedesktop.org/basedir-spec). The specification ignores
// relative paths. If no directory is known, home returns "".
func (l *loader) home(variable, fallback string) string {
	if dir := l.env[variable]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "credrender")
	}
	if dir := l.env["HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, fallback, "credrender")
	}
	return ""
}
