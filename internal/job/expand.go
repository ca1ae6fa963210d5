package job

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// Each is what a template makes one file each for: Entries, or the names in a source that
// match Pattern.
type Each struct {
	Entries []template.Entry
	Pattern source.Ref
}

// Bounds of the files of a job. Its commands get the paths of those that change in one
// variable (CREDRENDER_CHANGED), for which Linux has room for 128 KiB.
const (
	maxFiles = 10_000
	maxPaths = 100 << 10 // bytes
)

// suffix is what the name of a template in a folder ends in.
const suffix = ".tmpl"

// ErrFiles is the error of files that a job cannot make: a destination that leads elsewhere,
// two files in one place.
var ErrFiles = errors.New("cannot make one file each")

// IsMany reports whether f makes any number of files.
func (f File) IsMany() bool { return f.Folder || f.Each != nil }

// IsMany reports whether the files of a job depend on a folder or a list.
func (j *Job) IsMany() bool { return slices.ContainsFunc(j.Files, File.IsMany) }

// Patterns returns the patterns of names on which the files of a job depend.
func (j *Job) Patterns() (refs []source.Ref) {
	for _, f := range j.Files {
		if f.Each != nil && f.Each.Pattern.Name != "" && !slices.Contains(refs, f.Each.Pattern) {
			refs = append(refs, f.Each.Pattern)
		}
	}
	return refs
}

// World is what [Expand] looks at.
type World struct {
	// Tree returns the files below a directory, relative to it, in order.
	Tree func(dir string) ([]string, error)
	// Names returns the names that match a pattern, in order.
	Names func(pattern source.Ref) ([]string, error)
}

// Expand returns the job with the files that its folders and lists make.
func Expand(j *Job, w World) (*Job, error) {
	if !j.IsMany() {
		return j, nil
	}
	expanded := *j
	expanded.Files = nil
	var errs []error
	for _, f := range j.Files {
		files, err := f.expand(j, w)
		expanded.Files = append(expanded.Files, files...)
		errs = append(errs, err)
	}
	if len(expanded.Files) > maxFiles {
		errs = append(errs, fmt.Errorf("%w: the job would make %d files, more than %d", ErrFiles, len(expanded.Files), maxFiles))
	}
	errs = append(errs, expanded.checkPaths(), expanded.checkTwice(), expanded.checkPairs())
	if err := errors.Join(errs...); err != nil {
		return j, err
	}
	return &expanded, nil
}

// Sample returns the job with one file for each template, for what looks at templates and
// executes none. Folders that cannot be listed are left out: Expand has the error.
func Sample(j *Job, tree func(dir string) ([]string, error)) *Job {
	if !j.IsMany() {
		return j
	}
	sample := *j
	sample.Files = nil
	for _, f := range j.Files {
		switch {
		case f.Folder:
			files, _ := f.ofFolder(World{Tree: tree})
			sample.Files = append(sample.Files, files...)
			continue
		case f.Each != nil && len(f.Each.Entries) > 0:
			f.Entry = &f.Each.Entries[0]
		case f.Each != nil:
			f.Entry = &template.Entry{Key: f.Each.Pattern.Name, Value: f.Each.Pattern.Name}
		}
		sample.Files = append(sample.Files, f)
	}
	return &sample
}

func (f File) expand(j *Job, w World) ([]File, error) {
	switch {
	case f.Folder:
		return f.ofFolder(w)
	case f.Each != nil:
		return f.ofEach(j, w)
	}
	return []File{f}, nil
}

// ofFolder returns a file for each template and each other file of a folder.
func (f File) ofFolder(w World) (files []File, err error) {
	names, err := w.Tree(f.Src)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: the folder %s has no files", ErrFiles, f.Src)
	}
	for _, name := range names {
		one := f
		one.Folder, one.Src = false, filepath.Join(f.Src, name)
		result, isTemplate := strings.CutSuffix(name, suffix)
		one.Verbatim = !isTemplate
		if filepath.Base(name) == suffix {
			return nil, fmt.Errorf("%w: %s has no name before %s", ErrFiles, one.Src, suffix)
		}
		if strings.ContainsAny(name, "\n\r") {
			return nil, fmt.Errorf("%w: %s contains a line break", ErrFiles, source.Show(one.Src))
		}
		one.Dest = filepath.Join(f.Dest, result)
		files = append(files, one)
	}
	return files, nil
}

// ofEach returns a file for each entry.
func (f File) ofEach(j *Job, w World) (files []File, err error) {
	entries := f.Each.Entries
	if pattern := f.Each.Pattern; pattern.Name != "" {
		names, err := w.Names(pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			entries = append(slices.Clip(entries), template.Entry{Key: name, Value: name})
		}
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("%w: for_each has %d entries, more than %d", ErrFiles, len(entries), maxFiles)
	}
	dest, err := ParseDest(f.Dest, j.Vars, f.Origin)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range entries {
		one := f
		one.Each, one.Entry = nil, &e
		one.Dest, err = destOf(dest, e)
		errs = append(errs, err)
		files = append(files, one)
	}
	return files, errors.Join(errs...)
}

// ParseDest reads the destination of several files: a template that knows .Key, .Value and
// .Vars, and nothing that differs from run to run.
func ParseDest(text string, vars map[string]any, origin string) (*template.Template, error) {
	t, err := template.Parse(text, template.Options{Name: origin, Vars: vars, Entry: &template.Entry{}})
	if err != nil {
		return nil, err
	}
	varies := slices.ContainsFunc(t.Lint(template.LintOptions{}), func(f template.Finding) bool { return f.Rule == template.Volatile })
	if len(t.Refs()) > 0 || varies {
		return nil, fmt.Errorf("%w: dest may use .Key, .Value and .Vars, and no function that reads other data", ErrFiles)
	}
	return t, nil
}

// destOf returns the destination of one entry. What is printed into it is a part of a name:
// an entry must not lead to another directory.
func destOf(t *template.Template, e template.Entry) (string, error) {
	out, err := template.Render(context.Background(), t.WithEntry(e), template.Resolver{})
	if err != nil {
		return "", fmt.Errorf("dest for %s: %w", source.Show(e.Key), err)
	}
	dest, why := string(out.Bytes), ""
	for _, p := range out.Prints() {
		switch printed := dest[p.Start:p.End]; {
		case printed == "":
			why = "an action prints nothing"
		case strings.ContainsAny(printed, "/\n\r\x00"):
			why = "an action prints a slash, line break or zero byte: write replace \"/\" \"-\" .Key, or one action for each directory"
		}
	}
	elements := strings.Split(dest, "/")
	switch {
	case why != "":
	case slices.Contains(elements, ".."), slices.Contains(elements, "."):
		why = "it has a part . or .."
	case !filepath.IsAbs(dest):
		why = "it is not an absolute path"
	case IsDirectory(dest):
		why = "it is a directory"
	default:
		return filepath.Clean(dest), nil
	}
	return "", fmt.Errorf("%w: dest for entry %s: %s", ErrFiles, source.Show(e.Key), why)
}

// checkPaths refuses a job whose commands could not be told what has changed.
func (j *Job) checkPaths() error {
	sum, commands := 0, !j.Verify.IsZero() || !j.Hook.IsZero()
	for _, f := range j.Files {
		sum += len(f.Dest) + len("\n")
		commands = commands || !f.Check.IsZero()
	}
	if commands && sum > maxPaths {
		return fmt.Errorf("%w: the paths of the job's %d files are longer than %d KiB together, and a command gets them in one variable: make several jobs",
			ErrFiles, len(j.Files), maxPaths>>10)
	}
	return nil
}

// checkTwice refuses two files of one destination.
func (j *Job) checkTwice() error {
	var errs []error
	by := map[string]File{}
	for _, f := range j.Files {
		other, taken := by[f.Dest]
		if taken && f.Dest != "" {
			errs = append(errs, fmt.Errorf("%w: %s and %s both make %s", ErrFiles, other.maker(), f.maker(), f.Dest))
		}
		by[f.Dest] = f
	}
	return errors.Join(errs...)
}

// maker names what a file is made of.
func (f File) maker() string {
	switch {
	case f.Entry != nil:
		return "entry " + source.Show(f.Entry.Key)
	case f.Src != "":
		return f.Src
	}
	return f.Origin
}

// checkPairs makes sure that both halves of each key pair are files of the job.
func (j *Job) checkPairs() error {
	var errs []error
	for _, pair := range j.Keypairs {
		for _, dest := range []string{pair.Cert, pair.Key} {
			if !slices.ContainsFunc(j.Files, func(f File) bool { return f.Dest == dest }) {
				errs = append(errs, fmt.Errorf("%w: %s of keypairs is not a destination of the job", ErrFiles, source.Show(dest)))
			}
		}
	}
	return errors.Join(errs...)
}
