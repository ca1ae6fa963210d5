package config

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
)

// base makes the job that the jobs of a file start from.
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
			return j, errors.New("neither XDG_DATA_HOME nor HOME says where a local store is: write local:PATH")
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

// localKeyOf is where the key of a local store is by default: beside it, and of
// its name, since a key file that two stores shared would lose the key of one
// when the other gets a new one.
func localKeyOf(path string) string {
	name := strings.TrimSuffix(path, filepath.Ext(path)) + ".key"
	if name == path {
		return path + ".key"
	}
	return name
}

// stateDir is where state is by default; empty: nowhere.
func (l *loader) stateDir() string {
	if l.options.EUID == 0 {
		return "/var/lib/credrender"
	}
	return l.home("XDG_STATE_HOME", ".local/state")
}

// home is credrender's directory below one of the XDG base directories
// (https://specifications.freedesktop.org/basedir-spec), which ignores those
// that are not absolute; empty: none is known.
func (l *loader) home(variable, fallback string) string {
	if dir := l.env[variable]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "credrender")
	}
	if dir := l.env["HOME"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, fallback, "credrender")
	}
	return ""
}
