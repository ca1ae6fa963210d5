package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
)

// fileDraft is a file of a job that is being read.
type fileDraft struct {
	job.File
	from    []string // which of the keys src, secret and content exist
	hasDest bool     // the key dest exists, whatever its value
	slash   bool     // src ends in a slash
	// destNode is the value of dest, which is read once src and for_each are known.
	destNode *yaml.Node
}

// addFile reads one entry of files.
func (f *file) addFile(d *draft) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		n = follow(n)
		one := &fileDraft{File: job.File{Origin: f.origin(n)}}
		all := f.fileFields(one)
		for name := range f.jobFields(d) {
			if all[name] == nil {
				all[name] = func(key string, n *yaml.Node) { f.fail(n, key, "", "is a key of the job, not of a file") }
			}
		}
		f.mapping(n, key, all)
		if n.Kind == yaml.MappingNode {
			f.finishFile(d, one, key, n)
		}
	}
}

// fileFields returns the keys of a file. credsmash and consul-template call src and dest
// source and destination.
func (f *file) fileFields(d *fileDraft) fields {
	src := func(key string, n *yaml.Node) { f.setSource(d, key, n) }
	dest := func(key string, n *yaml.Node) { f.setDest(d, key, n) }
	return fields{
		"src":         src,
		"source":      src,
		"secret":      func(key string, n *yaml.Node) { f.setSecret(d, key, n) },
		"content":     func(key string, n *yaml.Node) { f.setContent(d, key, n) },
		"dest":        dest,
		"destination": dest,
		"mode":        func(key string, n *yaml.Node) { d.Mode = f.mode(n, key) },
		"owner":       func(key string, n *yaml.Node) { d.Owner, _ = f.name(n, key) },
		"group":       func(key string, n *yaml.Node) { d.Group, _ = f.name(n, key) },
		"context":     func(key string, n *yaml.Node) { d.Context = f.context(n, key) },
		"check":       func(key string, n *yaml.Node) { d.Check = f.checkCommand(n, key) },
		"format":      func(key string, n *yaml.Node) { d.Format = f.format(n, key) },
		"create_dirs": func(key string, n *yaml.Node) { d.CreateDirs = f.boolean(n, key) },
		"permit":      func(key string, n *yaml.Node) { f.setPermit(d, key, n) },
		"in_place":    func(key string, n *yaml.Node) { d.InPlace = f.boolean(n, key) },
		"for_each":    func(key string, n *yaml.Node) { f.setEach(d, key, n) },
		"delims":      func(key string, n *yaml.Node) { f.setDelims(d, key, n) },
	}
}

func (f *file) setSource(d *fileDraft, key string, n *yaml.Node) {
	d.from = append(d.from, "src")
	d.Src = f.path(n, key)
	d.slash = strings.HasSuffix(follow(n).Value, "/")
}

// path reads the path of a file, relative to the config file, and makes it absolute.
func (f *file) path(n *yaml.Node, key string) string {
	return parsed(&f.decoder, n, key, f.word, func(s string) (string, error) { return path(s, f.dir) })
}

func (f *file) setSecret(d *fileDraft, key string, n *yaml.Node) {
	d.from = append(d.from, "secret")
	d.Secret = parsed(&f.decoder, n, key, f.text, func(s string) (source.Ref, error) {
		return source.ParseName(s, f.base.Store.SourceNames())
	})
}

func (f *file) setContent(d *fileDraft, key string, n *yaml.Node) {
	d.from = append(d.from, "content")
	text, ok := f.text(n, key)
	if ok && text == "" {
		f.fail(n, key, "", "must not be empty")
	}
	d.Content = text
}

func (f *file) setDest(d *fileDraft, key string, n *yaml.Node) {
	if d.hasDest {
		f.fail(n, key, "", "dest and destination are the same: give one")
	}
	d.hasDest, d.destNode = true, n
}

// destination reads the path of a file or folder to write. It must be absolute, and is
// cleaned. A line break is refused, because it would split CREDRENDER_CHANGED.
func (f *file) destination(n *yaml.Node, key string, folder bool) string {
	dest, ok := f.word(n, key)
	switch {
	case !ok:
	case !filepath.IsAbs(dest):
		f.fail(n, key, "", "%s is not an absolute path", source.Show(dest))
	case job.IsDirectory(dest) && !folder:
		f.fail(n, key, "", "%s is a directory, expected a file", source.Show(dest))
	case strings.ContainsAny(dest, "\n\r"):
		f.fail(n, key, "", "contains a line break")
	default:
		return filepath.Clean(dest)
	}
	return ""
}

func (f *file) format(n *yaml.Node, key string) string {
	return parsed(&f.decoder, n, key, f.word, func(s string) (string, error) { return oneOf(job.Formats...)(s, "") })
}

// checkCommand reads a command that checks a staged file.
func (f *file) checkCommand(n *yaml.Node, key string) job.Command {
	c := f.command(n, key)
	if p := hook.Misplaced(c, true); p != "" {
		f.fail(n, key, "the staged file is {{.src}}, the destination {{.dest}}", "%s is neither", p)
	}
	return c
}

func (f *file) setPermit(d *fileDraft, key string, n *yaml.Node) {
	before := len(f.errs)
	words := f.words(n, key)
	if len(f.errs) > before {
		return
	}
	var err error
	d.Permit, err = ParsePermit(words)
	f.check(n, key, err)
}

// ParsePermit reads which of mode and owner may differ on a file system that cannot set
// them.
func ParsePermit(words []string) (p txn.Permit, err error) {
	for _, word := range words {
		switch word {
		case "mode":
			p.Mode = true
		case "owner":
			p.Owner = true
		default:
			return p, fmt.Errorf("%q is neither mode nor owner", word)
		}
	}
	return p, nil
}

func (f *file) setDelims(d *fileDraft, key string, n *yaml.Node) {
	n = follow(n)
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		f.fail(n, key, "", `expected a list of two strings like ["[[", "]]"]`)
		return
	}
	pair := f.words(n, key)
	switch {
	case len(pair) != 2:
	case pair[0] == pair[1]:
		f.fail(n, key, "", "the two delimiters must differ")
	case strings.Contains(pair[0], pair[1]), strings.Contains(pair[1], pair[0]):
		f.fail(n, key, "", "neither delimiter may contain the other: text would be taken for a delimiter")
	case slices.Contains(actionSyntax, pair[1]):
		f.fail(n, key, "", "%s cannot end an action, because it has a meaning within actions", pair[1])
	default:
		d.LeftDelim, d.RightDelim = pair[0], pair[1]
	}
}

// actionSyntax are tokens of actions. As the closing delimiter, one would end an action
// that goes on, without an error: {{ secret "a" | b64enc| prints the bare secret.
var actionSyntax = []string{"|", ".", "$", ",", "=", ":=", `"`, "'", "`"}

// finishFile makes the checks that need all keys, and adds the file to its job.
func (f *file) finishFile(d *draft, one *fileDraft, key string, n *yaml.Node) {
	switch len(one.from) {
	case 0:
		f.fail(n, key, "", "needs one of src, secret and content")
	case 1:
	default:
		f.fail(n, key, "", "has %s: give one", strings.Join(one.from, " and "))
	}
	if !one.hasDest {
		f.fail(n, key, "", "has no dest")
	}
	f.finishMany(one, key, n)
	if one.Dest != "" && !one.IsMany() {
		f.claim(f.dests, one.Dest, join(key, "dest"), n, source.Show(one.Dest)+" is already written by %s")
	}
	d.Files = append(d.Files, one.File)
}
