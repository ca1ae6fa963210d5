package config

import (
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/document"
)

// setEach reads what a template makes one file each for: a list, a map, or a pattern of
// names. An empty one would leave all files as they are, whatever is wrong with them.
func (f *file) setEach(d *fileDraft, key string, n *yaml.Node) {
	n = follow(n)
	each := &job.Each{}
	switch {
	case n.Kind == yaml.MappingNode:
		for _, p := range f.pairs(n, key) {
			each.Entries = append(each.Entries, template.Entry{Key: p.name, Value: f.value(p.value, join(key, p.name))})
		}
	case n.Kind == yaml.SequenceNode:
		f.list(n, key, func(key string, n *yaml.Node) { f.addEntry(each, key, n) })
	case isString(n) && strings.Contains(n.Value, "*"):
		each.Pattern = parsed(&f.decoder, n, key, f.word, func(s string) (source.Ref, error) {
			return source.ParseName(s, f.base.Store.SourceNames())
		})
	default:
		f.fail(n, key, `write ["a", "b"], {a: ..., b: ...} or "web.*"`, "expected a list, a mapping, or a pattern of names with a *")
	}
	if (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && len(n.Content) == 0 {
		f.fail(n, key, "leave the file out", "is empty, so no file would be made")
	}
	d.Each = each
}

// addEntry reads an entry of a list, which is its own key.
func (f *file) addEntry(each *job.Each, key string, n *yaml.Node) {
	n = follow(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" && n.ShortTag() != "!!int" {
		f.fail(n, key, "for entries with values of their own, write a mapping", "expected a string or a whole number, got %s", kind(n))
		return
	}
	value, err := document.YAMLScalar(n)
	f.check(n, key, err)
	for _, e := range each.Entries {
		if e.Key == n.Value {
			f.fail(n, key, "", "%s is in the list twice", source.Show(n.Value))
		}
	}
	each.Entries = append(each.Entries, template.Entry{Key: n.Value, Value: value})
}

// setPruneLimit reads a percentage.
func (f *file) setPruneLimit(d *draft, key string, n *yaml.Node) {
	n = follow(n)
	number, isPercent := strings.CutSuffix(n.Value, "%")
	limit, err := strconv.Atoi(number)
	if n.Kind != yaml.ScalarNode || !isPercent || err != nil || limit < 1 || limit > 100 {
		f.fail(n, key, `write "10%"`, "expected a percentage from 1%% to 100%%")
		return
	}
	d.PruneLimit, d.hasPruneLimit = limit, true
}

// checkPrune refuses a limit of nothing.
func (f *file) checkPrune(d *draft, key string, n *yaml.Node) {
	if d.hasPruneLimit && !d.Prune {
		f.fail(n, join(key, "prune_limit"), "add prune: true", "is a limit of prune, which is not on")
	}
}

// checkPatterns refuses patterns of names that the job does not allow.
func (f *file) checkPatterns(d *draft, key string, n *yaml.Node) {
	for _, pattern := range d.Patterns() {
		allowed := len(d.Allow) == 0
		for _, a := range d.Allow {
			allowed = allowed || source.Match(a, pattern.Text())
		}
		if !allowed {
			f.fail(n, join(key, "for_each"), "add it to allow", "%s is not allowed in this job", source.Show(pattern.Text()))
		}
	}
}

// finishMany checks the keys of a file that makes several. A folder is one that ends in a
// slash, or that is one now.
func (f *file) finishMany(one *fileDraft, key string, n *yaml.Node) {
	if one.Src != "" && one.Each == nil {
		info, err := os.Stat(one.Src)
		one.Folder = one.slash || err == nil && info.IsDir()
	}
	switch {
	case one.Each != nil && one.slash:
		f.fail(n, join(key, "for_each"), "", "needs a template, not a folder")
	case one.Each != nil && one.Secret.Name != "":
		f.fail(n, join(key, "for_each"), `write content: '{{ secret .Key }}'`, "needs src or content, not secret")
	case one.Folder && one.InPlace, one.Each != nil && one.InPlace:
		f.fail(n, join(key, "in_place"), "", "is for one file")
	}
	if one.destNode == nil {
		return
	}
	if at := join(key, "dest"); one.Each != nil {
		f.setDestOfEach(one, at)
	} else {
		one.Dest = f.destination(one.destNode, at, one.Folder)
	}
}

// setDestOfEach reads the destination of a file that makes several: a template.
func (f *file) setDestOfEach(one *fileDraft, key string) {
	text, ok := f.word(one.destNode, key)
	if !ok {
		return
	}
	one.Dest = text
	switch _, err := job.ParseDest(text, nil, one.Origin); {
	case err != nil:
		f.fail(one.destNode, key, "", "%v", err)
	case !strings.Contains(text, "{{"):
		f.fail(one.destNode, key, `write {{ .Key }} in it, as in /etc/app/{{ .Key }}.conf`, "is the same for all entries")
	case !strings.HasPrefix(text, "/"):
		f.fail(one.destNode, key, "", "%s is not an absolute path", source.Show(text))
	}
}
