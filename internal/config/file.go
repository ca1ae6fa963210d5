package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// scalar is the value of a setting in a file.
type scalar struct {
	value string // normalized
	line  int
}

// file is a config file that is being read.
type file struct {
	decoder
	dir          string
	scalars      map[string]scalar // by setting
	names, dests map[string]string // where each was first used, as file:line
	base         job.Job           // the common part of its jobs
	jobs         []job.Job
}

// sections are the parts of a file that are not settings. They are decoded after all keys
// were read, because jobs depend on contexts and settings.
type sections struct{ owners, sources, contexts, context, vars, partials, jobs *yaml.Node }

// parse reads one file and records its faults in errs. The valid settings are used even
// if there are faults.
func (l *loader) parse(path string, data []byte) *file {
	f := &file{
		decoder: decoder{file: path},
		dir:     filepath.Dir(path),
		scalars: map[string]scalar{},
		names:   maps.Clone(l.names),
		dests:   maps.Clone(l.dests),
	}
	var s sections
	if root := f.document(data); root != nil {
		f.mapping(root, "", f.topFields(&s))
	}
	var fault *Error
	if f.base, fault = l.base(f.scalars); fault != nil {
		f.fail(&yaml.Node{Line: f.scalars[fault.Key].line}, fault.Key, "", "%s", fault.Msg)
	}
	f.shared(s)
	if s.jobs != nil {
		f.list(s.jobs, "jobs", f.addJob)
	}
	return f
}

func (f *file) topFields(s *sections) fields {
	keep := func(to **yaml.Node) func(string, *yaml.Node) {
		return func(_ string, n *yaml.Node) { *to = n }
	}
	all := fields{
		"trusted_owners": keep(&s.owners),
		"sources":        keep(&s.sources),
		"contexts":       keep(&s.contexts),
		"context":        keep(&s.context),
		"vars":           keep(&s.vars),
		"partials":       keep(&s.partials),
		"jobs":           keep(&s.jobs),
	}
	for _, set := range settings() {
		if set.scope != outside {
			all[set.Key()] = func(key string, n *yaml.Node) { f.setting(set, key, n) }
		}
	}
	return all
}

func (f *file) setting(set setting, key string, n *yaml.Node) {
	n = follow(n)
	if set.example != "" && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" {
		f.fail(n, key, "write "+set.example, "expected a unit after the number")
		return
	}
	value, ok := f.text(n, key)
	if !ok {
		return
	}
	norm, err := set.norm(value, f.dir)
	if err != nil {
		f.check(n, key, err)
		return
	}
	f.scalars[set.Name] = scalar{norm, n.Line}
}

// shared decodes the common part of the file's jobs.
func (f *file) shared(s sections) {
	if s.owners != nil {
		f.list(s.owners, "trusted_owners", f.addOwner)
	}
	if s.sources != nil {
		f.setSources(s.sources)
	}
	if s.contexts != nil {
		f.base.Contexts = map[string]map[string]string{}
		for _, p := range f.pairs(s.contexts, "contexts") {
			switch {
			case p.name == "":
				f.fail(p.value, join("contexts", p.name), "rename the context", "the name is empty")
			case strings.Contains(p.name, "="):
				f.fail(p.value, join("contexts", p.name), "rename the context", "an = would take the place of a pair in a template")
			}
			f.base.Contexts[p.name] = f.encryption(p.value, join("contexts", p.name))
		}
	}
	if s.partials != nil {
		f.list(s.partials, "partials", f.addPartials)
	}
	if s.context != nil {
		f.base.Context = f.context(s.context, "context")
	}
	if s.vars != nil {
		f.base.Vars = f.values(s.vars, "vars")
	}
}

func (f *file) addOwner(key string, n *yaml.Node) {
	f.base.Owners = append(slices.Clip(f.base.Owners), parsed(&f.decoder, n, key, f.name, lookupUser))
}

// context reads an encryption context: its pairs, or the name of an entry in contexts.
// The result is never nil, so that an empty context replaces a default.
func (f *file) context(n *yaml.Node, key string) map[string]string {
	n = follow(n)
	switch {
	case n.Kind == yaml.MappingNode:
		return f.encryption(n, key)
	case !isString(n):
		f.wrong(n, key, "a mapping or the name of an entry in contexts")
		return map[string]string{}
	}
	c, ok := f.base.Contexts[n.Value]
	if !ok {
		hint := "contexts has no entries"
		if names := slices.Sorted(maps.Keys(f.base.Contexts)); len(names) > 0 {
			hint = suggest(n.Value, names)
		}
		f.fail(n, key, hint, "there is no context %s", source.Show(n.Value))
		return map[string]string{}
	}
	return maps.Clone(c)
}

// encryption reads the pairs of a context exactly as KMS compares them.
func (f *file) encryption(n *yaml.Node, key string) map[string]string {
	m := f.texts(n, key)
	_, err := source.NewContext(m)
	f.check(n, key, err)
	return m
}

// addPartials adds the files that a pattern matches, in lexical order.
func (f *file) addPartials(key string, n *yaml.Node) {
	pattern, ok := f.word(n, key)
	if !ok {
		return
	}
	pattern, err := path(pattern, f.dir)
	if err != nil {
		f.fail(n, key, "", "%v", err)
		return
	}
	found := []string{pattern}
	if strings.ContainsAny(pattern, `*?[`) {
		if found, err = filepath.Glob(pattern); err != nil {
			f.fail(n, key, "", "%v", err)
			return
		}
	}
	if len(found) == 0 {
		f.fail(n, key, "", "no file matches %s", source.Show(pattern))
	}
	for _, name := range found {
		if !slices.Contains(f.base.Partials, name) {
			f.base.Partials = append(f.base.Partials, name)
		}
	}
}
