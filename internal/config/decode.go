package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/template/mask"
)

// decoder walks the nodes of one file and collects errors. It continues after an error,
// so that one run reports all of them.
type decoder struct {
	file string
	errs []*Error
}

// Limits on a document, because aliases can make it endless. Nodes behind an alias count
// each time.
const (
	maxDepth = 100
	maxNodes = 1 << 20
)

// fields maps the keys that a mapping may have to functions for their values.
type fields map[string]func(key string, n *yaml.Node)

// pair is an entry of a mapping.
type pair struct {
	name  string
	line  int
	value *yaml.Node
}

func (d *decoder) fail(n *yaml.Node, key, hint, format string, args ...any) {
	d.errs = append(d.errs, &Error{File: d.file, Line: n.Line, Key: key, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// check records err if it is not nil.
func (d *decoder) check(n *yaml.Node, key string, err error) {
	if err != nil {
		d.fail(n, key, "", "%v", err)
	}
}

// parsed reads a string with read, such as decoder.word, and parses it. After an error it
// returns the zero value.
func parsed[T any](d *decoder, n *yaml.Node, key string, read func(*yaml.Node, string) (string, bool), parse func(string) (T, error)) (v T) {
	s, ok := read(n, key)
	if !ok {
		return v
	}
	v, err := parse(s)
	d.check(n, key, err)
	return v
}

// isString reports whether a node is a string. The node must not be an alias.
func isString(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" }

// join returns all recorded errors as one.
func (d *decoder) join() error {
	errs := make([]error, len(d.errs))
	for i, e := range d.errs {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// document parses YAML and returns its root, or nil if it is empty or broken.
func (d *decoder) document(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			d.syntax(err)
		}
		return nil
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		d.fail(&next, "", "make it another file", "a second document begins here")
	case !errors.Is(err, io.EOF):
		d.syntax(err)
	}
	if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" || !d.bounded(&doc, 0, new(int)) {
		return nil
	}
	return doc.Content[0]
}

// syntax records the parser's error, such as "yaml: line 3: text".
func (d *decoder) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	n := &yaml.Node{}
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(text); m != nil {
		n.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	d.fail(n, "", "", "not valid YAML: %s", text)
}

// bounded reports whether the document is small enough to walk. seen is the number of
// nodes that this took.
func (d *decoder) bounded(n *yaml.Node, depth int, seen *int) bool {
	*seen++
	if depth > maxDepth || *seen > maxNodes {
		d.fail(n, "", "", "the document is nested too deep or is too large, or an alias contains itself")
		return false
	}
	if n.Kind == yaml.AliasNode {
		return d.bounded(n.Alias, depth+1, seen)
	}
	for _, c := range n.Content {
		if !d.bounded(c, depth+1, seen) {
			return false
		}
	}
	return true
}

// follow returns the node that an alias refers to.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// mapping calls the function of each key with its value.
func (d *decoder) mapping(n *yaml.Node, key string, f fields) {
	for _, p := range d.pairs(n, key) {
		at := join(key, p.name)
		if set, ok := f[p.name]; ok {
			set(at, p.value)
			continue
		}
		hint := suggest(p.name, slices.Sorted(maps.Keys(f)))
		d.fail(&yaml.Node{Line: p.line}, at, hint, "unknown key")
	}
}

// pairs returns the entries of a mapping in order, then those of merged mappings (<<). A
// duplicate key is an error.
func (d *decoder) pairs(n *yaml.Node, key string) []pair {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		d.wrong(n, key, "a mapping")
		return nil
	}
	var own, merged []pair
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.ShortTag() == "!!merge":
			merged = append(merged, d.merged(v, key)...)
			continue
		case k.Kind != yaml.ScalarNode || k.ShortTag() == "!!null":
			d.fail(k, key, "", "expected a plain key, got %s", kind(follow(k)))
			continue
		case lines[k.Value] > 0:
			d.fail(k, join(key, k.Value), "", "is already given on line %d", lines[k.Value])
			continue
		}
		lines[k.Value] = k.Line
		own = append(own, pair{k.Value, k.Line, v})
	}
	for _, p := range merged {
		if lines[p.name] == 0 {
			lines[p.name] = p.line
			own = append(own, p)
		}
	}
	return own
}

// merged returns the entries of the mapping, or list of mappings, of a merge.
func (d *decoder) merged(n *yaml.Node, key string) []pair {
	n = follow(n)
	if n.Kind != yaml.SequenceNode {
		return d.pairs(n, join(key, "<<"))
	}
	var all []pair
	for i, c := range n.Content {
		all = append(all, d.pairs(c, index(join(key, "<<"), i))...)
	}
	return all
}

// list calls f with each entry of a list.
func (d *decoder) list(n *yaml.Node, key string, f func(key string, n *yaml.Node)) {
	n = follow(n)
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, key, "a list")
		return
	}
	for i, c := range n.Content {
		f(index(key, i), c)
	}
}

func (d *decoder) wrong(n *yaml.Node, key, want string) {
	hint := ""
	switch n.ShortTag() {
	case "!!int", "!!float", "!!bool", "!!timestamp":
		if strings.HasPrefix(want, "a string") {
			hint = "put it in quotes"
		}
	}
	d.fail(n, key, hint, "expected %s, got %s", want, kind(n))
}

// kind returns the kind of a node for messages, without its value.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	tag := n.ShortTag()
	return cmp.Or(map[string]string{
		"!!str": "a string", "!!int": "a number", "!!float": "a number",
		"!!bool": "true or false", "!!null": "nothing", "!!timestamp": "a date",
	}[tag], "the tag "+tag)
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func index(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// Error is one fault in the settings or in a file that they name. Load joins all faults
// (errors.Join), each on a line of its own.
type Error struct {
	File string // empty: a flag or an environment variable
	Line int    // 0: the file as a whole
	// Key is the position in the file ("jobs[0].files[1].mode"), the flag ("--timeout")
	// or the variable ("CREDRENDER_TIMEOUT").
	Key  string
	Msg  string
	Hint string // how to fix it; may be empty
	Err  error  // the cause, if any
}

// Error returns "file:line: key: message (hint)", without the parts that are empty, in one
// line: what a terminal would obey in a path or a key is written out.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			b.WriteString(":" + strconv.Itoa(e.Line))
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return mask.Visible(b.String())
}

func (e *Error) Unwrap() error { return e.Err }
