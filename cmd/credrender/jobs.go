package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// commandLine is the origin of jobs and files that are not of the config.
const commandLine = "command line"

// selection is the jobs of a command.
type selection struct {
	jobs   []job.Job
	stdout []job.Job       // SRC without a DEST
	named  map[string]bool // files on the command line
}

// selectJobs returns the jobs of the arguments, or without SRC those of the config.
func (a *app) selectJobs(cfg *config.Config, args []string, f *jobFlags) (selection, error) {
	sel := selection{named: map[string]bool{}}
	if !utf8.ValidString(f.root) || strings.Contains(f.root, "\n") { // like a DEST: it becomes part of the job's name
		return sel, usagef("--root %s is not UTF-8, or holds a line break", source.Show(f.root))
	}
	args, words, err := a.contextAmong(args)
	if err != nil {
		return sel, err
	}
	f.context = append(f.context, words...)
	change, err := a.jobChanges(f)
	if err != nil {
		return sel, err
	}
	if len(args) == 0 {
		sel.jobs, err = fromConfig(cfg, f)
	} else {
		err = a.fromArgs(cfg, args, f, &sel)
	}
	if err != nil {
		return sel, err
	}
	a.namePartials(f, sel.named)
	for _, jobs := range [][]job.Job{sel.jobs, sel.stdout} {
		for i := range jobs {
			change(&jobs[i])
			a.applyRoot(f.root, &jobs[i])
		}
	}
	return sel, nil
}

func fromConfig(cfg *config.Config, f *jobFlags) ([]job.Job, error) {
	for _, flag := range slices.Sorted(maps.Keys(f.fileFlags())) {
		return nil, usagef("--%s needs SRC:DEST; for a job of the config, set it there", flag)
	}
	if len(cfg.Jobs) == 0 && len(cfg.Broken) == 0 {
		return nil, usagef("nothing to do: pass SRC:DEST, or a config with jobs with --config")
	}
	if len(f.names) == 0 {
		return slices.Clone(cfg.Jobs), nil
	}
	var jobs []job.Job
	for k, name := range f.names {
		if slices.Contains(f.names[:k], name) {
			return nil, usagef("--job: %s is given twice", name)
		}
		i := slices.IndexFunc(cfg.Jobs, func(j job.Job) bool { return j.Name == name })
		if i < 0 {
			return nil, usagef("--job: there is no job %q in %s", name, strings.Join(cfg.Files, ", "))
		}
		jobs = append(jobs, cfg.Jobs[i])
	}
	return jobs, nil
}

// fromArgs returns a job for each SRC:DEST, which is split at its last colon.
func (a *app) fromArgs(cfg *config.Config, args []string, f *jobFlags, sel *selection) error {
	if len(f.names) > 0 {
		return usagef("--job cannot be combined with SRC")
	}
	if err := checkOneStore(cfg); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, arg := range args {
		src, dest := arg, ""
		if i := strings.LastIndex(arg, ":"); i >= 0 {
			src, dest = arg[:i], arg[i+1:]
		}
		if src == "" || (dest == "" && strings.HasSuffix(arg, ":")) {
			return usagef("%q is not SRC or SRC:DEST", arg)
		}
		file := job.File{Src: src, Origin: commandLine}
		if src != stdinName {
			file.Src = a.abs(src)
			sel.named[file.Src] = true
		}
		info, err := os.Stat(file.Src)
		file.Folder = src != stdinName && err == nil && info.IsDir()
		if file.Folder && (dest == "" || dest == stdoutName) {
			return usagef("%s is a folder: write %s:DEST with the directory for its files", source.Show(src), source.Show(src))
		}
		if dest == "" || dest == stdoutName {
			sel.stdout = append(sel.stdout, adHoc(cfg, file))
			continue
		}
		check := a.destination
		if file.Folder { // its directories are a part of the result, as in cp -r
			file.CreateDirs = true
			check = a.destinationPath
		}
		if file.Dest, err = check(dest); err != nil {
			return err
		}
		if file.Folder && f.inPlace {
			return usagef("--in-place is for one file, and %s is a folder", source.Show(src))
		}
		if seen[file.Dest] {
			return usagef("duplicate destination %s", file.Dest)
		}
		seen[file.Dest] = true
		j, err := applyFileFlags(adHoc(cfg, file), f)
		if err != nil {
			return err
		}
		sel.jobs = append(sel.jobs, j)
	}
	if len(sel.jobs) == 0 {
		return f.refuseWithoutDest()
	}
	return nil
}

// adHoc returns a job for a file of the command line. Its state, such as a pending hook,
// belongs to DEST.
func adHoc(cfg *config.Config, file job.File) job.Job {
	j := cfg.Base
	j.ID, j.Name, j.Origin = file.Dest, cmp.Or(file.Dest, file.Src), commandLine
	j.Files = []job.File{file}
	return j
}

// namePartials adds the files of --partial to those of the command line.
func (a *app) namePartials(f *jobFlags, named map[string]bool) {
	for _, path := range f.partials {
		named[a.abs(path)] = true
	}
}

// jobChanges returns a function that applies --context, --var, --vars and --partial to a job.
func (a *app) jobChanges(f *jobFlags) (func(*job.Job), error) {
	context, err := pairs("--context", f.context)
	if err != nil {
		return nil, err
	}
	vars := map[string]any{}
	if f.varsFile != "" {
		data, err := a.readNamed(f.varsFile)
		if err != nil {
			return nil, err
		}
		if vars, err = readVars(f.varsFile, data); err != nil {
			return nil, err
		}
	}
	given, err := pairs("--var", f.vars)
	if err != nil {
		return nil, err
	}
	for k, v := range given {
		vars[k] = v
	}
	return func(j *job.Job) {
		j.Partials = slices.Clone(j.Partials)
		for _, path := range f.partials {
			if path = a.abs(path); !slices.Contains(j.Partials, path) {
				j.Partials = append(j.Partials, path)
			}
		}
		if len(context) > 0 {
			j.Context = context
		}
		if len(vars) > 0 {
			all := maps.Clone(j.Vars)
			if all == nil {
				all = map[string]any{}
			}
			maps.Copy(all, vars)
			j.Vars = all
		}
	}, nil
}

// pairs parses the KEY=VALUE list of a flag. The same pair may occur twice, but not the
// same key with different values.
func pairs(flag string, list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, s := range list {
		k, v, err := source.ParsePair(s)
		if err != nil {
			return nil, usagef("%s: %s is not KEY=VALUE", flag, source.Show(s))
		}
		if held, twice := m[k]; twice && held != v {
			return nil, usagef("%s: %s is given twice, with different values", flag, source.Show(k))
		}
		m[k] = v
	}
	return m, nil
}

// applyRoot gives a job under --root its own ID, and thereby its own state.
func (a *app) applyRoot(root string, j *job.Job) {
	if root != "" {
		j.ID = fmt.Sprintf("below %s: %s", a.abs(root), j.ID)
	}
}

func (a *app) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(a.dir, path)
}

// applyFileFlags applies the flags for a file of the command line to its job.
func applyFileFlags(j job.Job, f *jobFlags) (job.Job, error) {
	file := &j.Files[0]
	if f.mode != "" {
		m, err := config.ParseMode(f.mode)
		if err != nil {
			return j, usagef("--mode: %v", err)
		}
		file.Mode = &m
	}
	file.Owner, file.Group, file.InPlace = f.owner, f.group, f.inPlace
	var err error
	if file.Permit, err = config.ParsePermit(f.permit); err != nil {
		return j, usagef("--permit: %v", err)
	}
	file.Check = job.Command{Shell: f.check}
	j.Verify, j.Hook = job.Command{Shell: f.verify}, job.Command{Shell: f.hook}
	j.CheckTimeout, j.HookTimeout = job.CheckTimeout, job.HookTimeout
	if p := hook.Misplaced(file.Check, true); p != "" {
		return j, usagef("--check: %s is neither {{.src}}, the staged file, nor {{.dest}}", p)
	}
	for flag, c := range map[string]job.Command{"verify": j.Verify, "hook": j.Hook} {
		if p := hook.Misplaced(c, false); p != "" {
			return j, usagef("--%s: %s works only in --check: write the path", flag, p)
		}
	}
	return j, nil
}

// destination returns the absolute path of DEST. It refuses a directory, including a
// path that ends in a slash or a dot.
func (a *app) destination(dest string) (string, error) {
	if job.IsDirectory(dest) {
		return "", usagef("%s is a directory, not a file: DEST is the file itself, such as %s", source.Show(dest), source.Show(filepath.Join(a.abs(dest), "NAME")))
	}
	return a.destinationPath(dest)
}

// destinationPath returns the absolute path of a file, or of the directory for the files of
// a folder.
func (a *app) destinationPath(dest string) (string, error) {
	path := a.abs(dest)
	switch {
	case strings.ContainsAny(dest, "\n\r"): // CREDRENDER_CHANGED would have two files
		return "", usagef("DEST %s contains a line break", source.Show(dest))
	case !utf8.ValidString(dest): // the state could not be read again
		return "", usagef("DEST %s is not UTF-8", source.Show(dest))
	}
	return path, nil
}

// fileFlags returns the given flags that apply only to a file on the command line, by
// name.
func (f *jobFlags) fileFlags() map[string]string {
	given := map[string]string{
		"mode": f.mode, "owner": f.owner, "group": f.group, "check": f.check, "verify": f.verify, "hook": f.hook,
		"permit": strings.Join(f.permit, ","),
	}
	if f.inPlace {
		given["in-place"] = "true"
	}
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	return given
}

// refuseWithoutDest refuses flags that do not apply to standard output.
func (f *jobFlags) refuseWithoutDest() error {
	for _, flag := range slices.Sorted(maps.Keys(f.fileFlags())) {
		return usagef("--%s needs SRC:DEST: there is no DEST other than standard output", flag)
	}
	return nil
}
