package job

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/template"
)

// A document may be valid and still not be what its template describes: a secret
// with a quote or a line break in it can end its own value and add another key.
// To find that out, each text that an action printed is replaced by a number. The
// result shows the structure that the template has by itself, and the rendered
// document must have the same one.
//
// A print may also be a part of the structure: what toYaml or include returns, or
// a list joined by commas. If the document is not valid with a number in its
// place, the print stays. If the number is a whole value, any one value may be
// there; in a list with commas, any number of them.

// altered returns where in data the print begins that changes the structure of the
// document, or -1 if that is not known.
func altered(format string, data []byte, prints []template.Print) (offset int, bad bool) {
	if !slices.ContainsFunc(prints, func(p template.Print) bool { return mayAlter().Match(data[p.Start:p.End]) }) {
		return 0, false
	}
	c := comparison{format: format, data: data}
	for _, p := range prints {
		c.cores = append(c.cores, trimmed(data, p))
	}
	skeleton := c.skeleton()
	got, _, ok := parseTree(format, data)
	if skeleton == nil || !ok {
		return 0, false
	}
	culprit, same := c.same(skeleton, got)
	if same {
		return 0, false
	}
	if culprit < 0 {
		return -1, true
	}
	return c.cores[culprit].Start, true
}

// mayAlter matches what can be more than a part of a value.
var mayAlter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9_]`) })

// trimmed leaves out the white space at both ends, which often indents a block.
func trimmed(data []byte, p template.Print) template.Print {
	text := data[p.Start:p.End]
	start := p.End - len(bytes.TrimLeft(text, " \t\r\n"))
	return template.Print{Start: start, End: max(start, p.Start+len(bytes.TrimRight(text, " \t\r\n")))}
}

// comparison compares a document with its skeleton.
type comparison struct {
	format string
	data   []byte
	cores  []template.Print // what actions printed, trimmed
}

// skeleton is the document with as many prints as possible replaced by numbers, or
// nil if there is none.
func (c *comparison) skeleton() *node {
	all := make([]bool, len(c.cores))
	for i, p := range c.cores {
		all[i] = p.Start < p.End && (c.format != "xml" || !c.isFragment(p))
	}
	root, _, ok := parseTree(c.format, c.marked(all))
	if !ok {
		all = c.replaceable(all)
		if root, _, ok = parseTree(c.format, c.marked(all)); !ok {
			return nil
		}
	}
	if c.format != "yaml" {
		return root
	}
	// YAML joins a line of text to the one above, where the real lines would
	// have been something else.
	quoted := map[int]bool{}
	root.eachScalar(func(n *node) {
		for _, i := range markers(n.text) {
			quoted[i] = n.kind == quotedScalar
		}
	})
	for i := range all {
		all[i] = all[i] && (quoted[i] || !c.isWholeLine(c.cores[i]))
	}
	root, _, ok = parseTree(c.format, c.marked(all))
	if !ok {
		return nil
	}
	return root
}

// maxTries bounds how many prints are tried one by one.
const maxTries = 256

// replaceable are the prints of candidates that a number can replace.
func (c *comparison) replaceable(candidates []bool) []bool {
	out, tries := make([]bool, len(c.cores)), 0
	for i := range c.cores {
		if !candidates[i] || tries == maxTries {
			continue
		}
		tries++
		one := make([]bool, len(c.cores))
		one[i] = true
		_, _, out[i] = parseTree(c.format, c.marked(one))
	}
	return out
}

// isWholeLine reports whether nothing but white space surrounds p on its lines.
func (c *comparison) isWholeLine(p template.Print) bool {
	before := c.data[bytes.LastIndexByte(c.data[:p.Start], '\n')+1 : p.Start]
	after, _, _ := bytes.Cut(c.data[p.End:], []byte("\n"))
	return len(bytes.TrimSpace(before)) == 0 && len(bytes.TrimSpace(after)) == 0
}

// A marker stands for a print: a number that no template has, and its index.
const markerPrefix = "73400173400"

var marker = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(markerPrefix + `(\d{5})`) })

// marked returns the document with markers in place of the prints that replace selects.
func (c *comparison) marked(replace []bool) []byte {
	var b bytes.Buffer
	at := 0
	for i, p := range c.cores {
		if replace[i] {
			b.Write(c.data[at:p.Start])
			fmt.Fprintf(&b, "%s%05d", markerPrefix, i)
			at = p.End
		}
	}
	b.Write(c.data[at:])
	return b.Bytes()
}

// markers lists the prints that text has markers of.
func markers(text string) (list []int) {
	for _, m := range marker().FindAllStringSubmatch(text, -1) {
		i, _ := strconv.Atoi(m[1]) // five digits
		list = append(list, i)
	}
	return list
}

// restored is text with what was printed in place of the markers.
func (c *comparison) restored(text string) string {
	return marker().ReplaceAllStringFunc(text, func(m string) string {
		p := c.cores[markers(m)[0]]
		return string(c.data[p.Start:p.End])
	})
}

// isPrinted reports whether n is a value that is printed alone, outside of quotes.
func (n *node) isPrinted() bool {
	return n.kind == bareScalar && n.text != "" && strings.TrimSpace(marker().ReplaceAllString(n.text, "")) == ""
}

func (n *node) eachScalar(visit func(*node)) {
	if n.kind == bareScalar || n.kind == quotedScalar {
		visit(n)
	}
	for _, list := range [][]*node{n.keys, n.kids} {
		for _, kid := range list {
			kid.eachScalar(visit)
		}
	}
}

// lastPrint is the last of the prints in n, or else.
func (n *node) lastPrint(otherwise int) int {
	last := otherwise
	n.eachScalar(func(n *node) {
		for _, i := range markers(n.text) {
			last = max(last, i)
		}
	})
	return last
}

// same reports whether got has the structure of want, or else which print may be
// the cause; -1: none is known.
func (c *comparison) same(want, got *node) (culprit int, ok bool) {
	switch {
	case want.isPrinted():
		ok = c.isOneValue(want, got)
	case want.kind != got.kind || !sameNote(want, got):
	case want.kind == mapping:
		return c.sameMapping(want, got)
	case want.kind == list:
		return c.sameList(want, got)
	case !strings.Contains(want.text, markerPrefix):
		ok = want.text == got.text
	case want.kind == quotedScalar:
		ok = matchesAround(want.text, got.text)
	default:
		ok = c.format == "toml" || c.isPlain(want, got)
	}
	return want.lastPrint(-1), ok
}

// isOneValue reports whether all of a print became the value got.
func (c *comparison) isOneValue(want, got *node) bool {
	switch {
	case got.kind == reference || !sameNote(want, got):
		return false
	case got.kind != bareScalar:
		return true
	case c.format == "yaml":
		return c.isPlain(want, got)
	}
	return c.format != "toml" || !strings.ContainsAny(c.restored(want.text), "#\n")
}

// sameNote compares notes, but for a comment that holds prints: where it ends, the
// rest of the document tells.
func sameNote(want, got *node) bool {
	return strings.Contains(want.note, markerPrefix) || want.note == got.note
}

// isPlain reports whether got is the text of want with the prints in it. White
// space is what YAML changes in text over several lines.
func (c *comparison) isPlain(want, got *node) bool {
	text := c.restored(want.text)
	return !strings.Contains(text, "\n") && slices.Equal(strings.Fields(text), strings.Fields(got.text))
}

// matchesAround reports whether text has what surrounds the markers of pattern.
// What is between them is not compared, since quotes have escapes.
func matchesAround(pattern, text string) bool {
	pieces := marker().Split(pattern, -1)
	last := len(pieces) - 1
	if !strings.HasPrefix(text, pieces[0]) || !strings.HasSuffix(text[len(pieces[0]):], pieces[last]) {
		return false
	}
	text = text[len(pieces[0]) : len(text)-len(pieces[last])]
	for _, piece := range pieces[1:last] {
		_, after, found := strings.Cut(text, piece)
		if !found {
			return false
		}
		text = after
	}
	return true
}

func (c *comparison) sameMapping(want, got *node) (culprit int, ok bool) {
	culprit = -1
	if want.flow && slices.ContainsFunc(want.kids, func(n *node) bool { return n.text == "" && n.kind == bareScalar }) {
		return culprit, true // {{{ include "more" }}} in YAML
	}
	if len(want.keys) != len(got.keys) {
		return c.firstStray(want, got), false
	}
	for i, key := range want.keys {
		j := i
		if c.format == "toml" { // where a printed key may have a dot
			if strings.Contains(key.text, markerPrefix) {
				continue
			}
			j = slices.IndexFunc(got.keys, func(k *node) bool { return k.text == key.text })
			if j < 0 {
				return culprit, false
			}
		}
		for _, pair := range [][2]*node{{key, got.keys[j]}, {want.kids[i], got.kids[j]}} {
			at, ok := c.same(pair[0], pair[1])
			if !ok {
				return max(at, culprit), false
			}
			culprit = max(at, culprit)
		}
	}
	return culprit, true
}

// firstStray is the last print before the first key that is not the expected one.
func (c *comparison) firstStray(want, got *node) int {
	last := -1
	for i, key := range want.keys {
		if i >= len(got.keys) || c.format == "toml" {
			break
		}
		if _, ok := c.same(key, got.keys[i]); !ok {
			break
		}
		last = want.kids[i].lastPrint(key.lastPrint(last))
	}
	return last
}

// sameList compares element by element. Between commas, an action may print
// several elements, or none.
func (c *comparison) sameList(want, got *node) (culprit int, ok bool) {
	culprit = want.lastPrint(-1)
	if len(want.kids) != len(got.kids) {
		return culprit, want.flow && slices.ContainsFunc(want.kids, (*node).isPrinted)
	}
	for i := range want.kids {
		if at, ok := c.same(want.kids[i], got.kids[i]); !ok {
			return max(at, culprit), false
		}
	}
	return culprit, true
}
