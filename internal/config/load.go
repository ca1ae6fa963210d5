package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
)

// loader collects a Config file by file.
type loader struct {
	layers
	options      Options
	asked        bool                 // the user named a config
	stores       map[string]job.Store // of the files that are valid YAML
	process      map[string]scalar    // settings ofProcess that files gave
	givenBy      map[string]string    // the file and line of each setting
	names, dests map[string]string    // file and line of each in the jobs so far
	config       Config
}

func newLoader(o Options) (*loader, error) {
	layers, errs := newLayers(o)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	l := &loader{
		layers:  layers,
		options: o,
		stores:  map[string]job.Store{},
		process: map[string]scalar{},
		givenBy: map[string]string{},
		names:   map[string]string{},
		dests:   map[string]string{},
	}
	v := l.resolve(nil)
	l.config.Trust = Trust{EUID: o.EUID, Owners: userIDs(v.GetString("trusted-owner")), Read: o.Read}
	l.config.Warnings = l.strangers()
	return l, nil
}

// find returns the config files, and whether the config is a single file. Without a
// config it returns none, unless the user asked for one.
func (l *loader) find() (paths []string, single bool, err error) {
	if s := l.options.Snapshot; s != nil {
		for _, f := range s.Files {
			paths = append(paths, f.Path)
		}
		return paths, s.Single, nil
	}
	path := l.resolve(nil).GetString("config")
	_, byFlag := l.flags["config"]
	_, byVariable := l.variables["config"]
	l.asked = byFlag || byVariable
	if !l.asked && l.options.Default != "" {
		path = l.options.Default
	}
	if path == os.DevNull { // /dev/null usually means none
		return nil, true, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		paths, err = l.list(path)
		return paths, false, err
	case err == nil:
		return []string{path}, true, nil
	case l.ignores(path, err):
		return nil, true, nil
	}
	return nil, true, unreadable(path, err)
}

// ignores reports whether an unreadable config counts as absent. The system's config
// does, unless the user named it, because it may be readable only by root.
func (l *loader) ignores(path string, err error) bool {
	if l.asked || l.options.EUID == 0 && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if errors.Is(err, fs.ErrPermission) {
		l.config.Warnings = append(l.config.Warnings, path+" is ignored: permission denied")
		return true
	}
	return errors.Is(err, fs.ErrNotExist)
}

// list returns the *.yaml files of a directory in lexical order. It skips hidden files,
// because editors keep theirs there.
func (l *loader) list(dir string) (paths []string, err error) {
	entries, err := l.config.Trust.readDir(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(e.Name(), "."):
		case ext == ".yaml":
			paths = append(paths, name)
		case ext == ".yml":
			l.config.Warnings = append(l.config.Warnings, name+" is not read: only *.yaml is")
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// unreadable returns an Error for the error of opening path.
func unreadable(path string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{File: path, Msg: err.Error(), Err: err}
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		e.Msg = cause.Err.Error() // without the path, which Error has already
	}
	return e
}

// load reads one file, and adds all of its jobs or none.
func (l *loader) load(path string) error {
	data, err := l.read(path)
	if err != nil && l.ignores(path, err) {
		return nil
	}
	l.config.Files = append(l.config.Files, path)
	if err != nil {
		return unreadable(path, err)
	}
	l.config.Read.Files = append(l.config.Read.Files, Text{path, data})
	f := l.parse(path, data)
	l.agree(f)
	l.stores[path] = f.base.Store
	if len(f.errs) > 0 {
		slices.SortStableFunc(f.errs, func(a, b *Error) int { return a.Line - b.Line })
		return f.join()
	}
	l.names, l.dests = f.names, f.dests
	l.config.Jobs = append(l.config.Jobs, f.jobs...)
	l.config.Base = f.base
	return nil
}

func (l *loader) read(path string) ([]byte, error) {
	if s := l.options.Snapshot; s != nil {
		for _, f := range s.Files {
			if f.Path == path {
				return f.Data, nil
			}
		}
	}
	return l.config.Trust.ReadFile(path)
}

// agree takes the process settings of a file. They apply even if the rest of the file is
// broken: without its state_dir, the jobs of the other files would lose their state.
func (l *loader) agree(f *file) {
	for _, s := range settings() {
		own, ok := f.scalars[s.Name]
		if s.scope != ofProcess || !ok {
			continue
		}
		other, taken := l.process[s.Name]
		switch {
		case !taken:
			l.process[s.Name] = own
			l.givenBy[s.Name] = fmt.Sprintf("%s:%d", f.file, own.line)
		case other.value != own.value:
			f.fail(&yaml.Node{Line: own.line}, s.Key(), "", "%s has another value, and this setting applies to all files", l.givenBy[s.Name])
		}
	}
}

// finish applies what concerns all files.
func (l *loader) finish(single bool) (*Config, error) {
	c := &l.config
	if !single || len(c.Files) == 0 {
		var fault *Error
		if c.Base, fault = l.base(nil); fault != nil {
			return nil, fault
		}
		for _, path := range c.Files {
			if s, ok := l.stores[path]; ok && s != c.Base.Store {
				c.OtherStores = append(c.OtherStores, path)
			}
		}
	}
	v := l.resolve(l.process)
	c.Settings = Settings{
		Store:     c.Base.Store,
		StateDir:  v.GetString("state-dir"),
		Timeout:   v.GetDuration("timeout"),
		LogFormat: v.GetString("log-format"),

		FullRefresh: v.GetDuration("full-refresh"),
		Listen:      v.GetString("listen"),
		Textfile:    v.GetString("textfile"),
		BootWait:    v.GetDuration("boot-wait"),
		Ready:       v.GetString("ready"),
	}
	if tokens := v.GetString("grant-token"); tokens != "" {
		c.Settings.GrantTokens = strings.Split(tokens, ",")
	}
	if c.Settings.StateDir == "" {
		c.Settings.StateDir = l.stateDir()
	}
	return c, c.Settings.LogLevel.UnmarshalText([]byte(v.GetString("log-level")))
}

// base returns the job that all jobs of a file start from.
func (l *loader) base(file map[string]scalar) (job.Job, *Error) {
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
			return j, &Error{Key: "store", Msg: "no default path for the local store: set XDG_DATA_HOME or HOME, or write local:PATH"}
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
