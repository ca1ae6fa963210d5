package config

import (
	"maps"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
)

// draft is a job that is being read.
type draft struct {
	job.Job
	named    bool // the key name exists, whatever its value
	hasFiles bool // the key files exists
	// hasPruneLimit is true if the key prune_limit exists.
	hasPruneLimit bool
	inline        int // line of the first key of a file in the job itself; 0: there is none
	keypairs      []keypair
}

type keypair struct {
	job.Keypair
	key  string
	node *yaml.Node
}

// addJob reads one entry of jobs.
func (f *file) addJob(key string, n *yaml.Node) {
	n = follow(n)
	before := len(f.errs)
	d := &draft{Job: f.base}
	d.Origin = f.origin(n)
	one := &fileDraft{File: job.File{Origin: d.Origin}}
	all := f.fileFields(one)
	for name, set := range all {
		all[name] = func(key string, n *yaml.Node) {
			if d.inline == 0 {
				d.inline = n.Line
			}
			set(key, n)
		}
	}
	maps.Copy(all, f.jobFields(d)) // the context of a single file is its job's
	f.mapping(n, key, all)
	if n.Kind != yaml.MappingNode {
		return
	}
	f.finishJob(d, one, key, n)
	if len(f.errs) == before { // after a fault files may be missing, so more errors would be noise
		f.checkKeypairs(d)
	}
	f.jobs = append(f.jobs, d.Job)
}

func (f *file) origin(n *yaml.Node) string { return f.file + ":" + strconv.Itoa(n.Line) }

// jobFields returns the keys of a job that apply to all its files.
func (f *file) jobFields(d *draft) fields {
	return fields{
		"name":           func(key string, n *yaml.Node) { d.named = true; d.Name = f.jobName(key, n) },
		"files":          func(key string, n *yaml.Node) { d.hasFiles = true; f.list(n, key, f.addFile(d)) },
		"keypairs":       func(key string, n *yaml.Node) { f.list(n, key, f.addKeypair(d)) },
		"verify":         func(key string, n *yaml.Node) { d.Verify = f.plainCommand(n, key) },
		"hook":           func(key string, n *yaml.Node) { d.Hook = f.plainCommand(n, key) },
		"timeout":        func(key string, n *yaml.Node) { f.setTimeout(d, key, n) },
		"env":            func(key string, n *yaml.Node) { d.Env = f.variables(n, key) },
		"vars":           func(key string, n *yaml.Node) { d.Vars = overlay(d.Vars, f.values(n, key)) },
		"context":        func(key string, n *yaml.Node) { d.Context = f.context(n, key) },
		"schedule":       func(key string, n *yaml.Node) { d.Schedule = parsed(&f.decoder, n, key, f.word, schedule.Parse) },
		"splay":          func(key string, n *yaml.Node) { d.Splay = f.duration(n, key) },
		"allow":          func(key string, n *yaml.Node) { d.Allow = f.someWords(n, key) },
		"allow_no_match": func(key string, n *yaml.Node) { d.AllowNoMatch = f.words(n, key) },
		"prune":          func(key string, n *yaml.Node) { d.Prune = f.boolean(n, key) },
		"prune_limit":    func(key string, n *yaml.Node) { f.setPruneLimit(d, key, n) },
		"restrict":       func(key string, n *yaml.Node) { d.Restrict = f.boolean(n, key) },
	}
}

// someWords reads a list that must not be empty. Without the key everything is allowed,
// which nobody means by an empty list.
func (f *file) someWords(n *yaml.Node, key string) []string {
	words := f.words(n, key)
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		f.fail(n, key, "leave it out to allow all", "must not be empty")
	}
	return words
}

// plainCommand reads a verify or hook. It is run as written, without placeholders.
func (f *file) plainCommand(n *yaml.Node, key string) job.Command {
	c := f.command(n, key)
	if p := hook.Misplaced(c, false); p != "" {
		f.fail(n, key, "write the path", "%s has a meaning only in check", p)
	}
	return c
}

// jobName reads a name, which appears in logs and in the environment of commands.
func (f *file) jobName(key string, n *yaml.Node) string {
	name, ok := f.word(n, key)
	if ok && source.Show(name) != name {
		f.fail(n, key, "", "contains control characters")
	}
	return name
}

// setTimeout sets the time limit of every command of the job.
func (f *file) setTimeout(d *draft, key string, n *yaml.Node) {
	before := len(f.errs)
	limit := f.duration(n, key)
	if limit == 0 && len(f.errs) == before {
		f.fail(n, key, "", "must be more than 0")
	}
	d.CheckTimeout, d.HookTimeout = limit, limit
}

// variables reads environment variables.
func (f *file) variables(n *yaml.Node, key string) map[string]string {
	m := map[string]string{}
	for _, p := range f.pairs(n, key) {
		at := join(key, p.name)
		if p.name == "" || strings.ContainsAny(p.name, "=\x00") {
			f.fail(p.value, at, "", "is not a variable name")
		}
		m[p.name], _ = f.argument(p.value, at)
	}
	return m
}

func (f *file) addKeypair(d *draft) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		pair := keypair{key: key, node: n}
		f.mapping(n, key, fields{
			"cert": func(key string, n *yaml.Node) { pair.Cert = f.destination(n, key, false) },
			"key":  func(key string, n *yaml.Node) { pair.Key = f.destination(n, key, false) },
		})
		d.keypairs = append(d.keypairs, pair)
		d.Keypairs = append(d.Keypairs, pair.Keypair)
	}
}

// finishJob makes the checks that need all keys of a job.
func (f *file) finishJob(d *draft, one *fileDraft, key string, n *yaml.Node) {
	if !d.named {
		f.fail(n, key, "", "has no name")
	}
	switch {
	case d.hasFiles && d.inline > 0:
		f.fail(&yaml.Node{Line: d.inline}, key, "move them into files", "has both files and keys of a single file")
	case d.inline > 0:
		f.finishFile(d, one, key, n)
	case !d.hasFiles || len(d.Files) == 0:
		f.fail(n, key, "give src and dest, or files", "has no files")
	}
	f.checkPrune(d, key, n)
	f.checkPatterns(d, key, n)
	d.ID = f.file + job.IDSeparator + d.Name
	if d.Name != "" {
		f.claim(f.names, d.Name, join(key, "name"), n, "a job of this name is already at %s")
	}
}

// claim records a name or a destination, and reports one that is taken.
func (f *file) claim(taken map[string]string, name, key string, n *yaml.Node, format string) {
	if at, ok := taken[name]; ok {
		f.fail(n, key, "", format, at)
		return
	}
	taken[name] = f.origin(n)
}

// checkKeypairs checks that both halves of a pair are files of the job.
func (f *file) checkKeypairs(d *draft) {
	if d.IsMany() {
		return // job.Expand checks them
	}
	dests := map[string]bool{}
	for _, file := range d.Files {
		dests[file.Dest] = true
	}
	for _, p := range d.keypairs {
		for _, half := range []struct{ name, dest string }{{"cert", p.Cert}, {"key", p.Key}} {
			switch {
			case half.dest == "":
				f.fail(p.node, p.key, "", "has no %s", half.name)
			case !dests[half.dest]:
				f.fail(p.node, join(p.key, half.name), "", "%s is not a dest of this job", source.Show(half.dest))
			}
		}
	}
}

// overlay returns base with the keys of own replaced. Jobs share the values below the
// keys, and only read them.
func overlay(base, own map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, base)
	maps.Copy(all, own)
	return all
}
