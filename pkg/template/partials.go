package template

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// Partial is a file of definitions for a template, with {{ and }} as delimiters. Its
// definitions can be used with template and include, and so can its own text, by the base
// name of the file.
type Partial struct {
	// Name is the partial's name in messages: the path of its file.
	Name string
	Text string
}

// part is a template or partial in Template.text. All positions are offsets into that
// text, so that sites, places and errors of all parts are told apart by their offset.
type part struct {
	name  string
	start int
	owns  []string // what it defines
}

func (t *Template) addPart(name, text string) {
	const least = len("{{/**/}}") // of the comment in padded
	t.text += strings.Repeat(" ", max(0, least-len(t.text))) + "\n"
	t.parts = append(t.parts, part{name: name, start: len(t.text)})
	t.text += text
}

// partName returns the name of a part for the parser. No definition can have it.
func partName(i int) string {
	if i == 0 {
		return rootName
	}
	return rootName + strconv.Itoa(i)
}

func (t *Template) partText(i int) string {
	if i+1 < len(t.parts) {
		return t.text[t.parts[i].start : t.parts[i+1].start-1]
	}
	return t.text[t.parts[i].start:]
}

// padded returns the text of a part behind a comment that makes the parser's positions
// offsets into Template.text.
func (t *Template) padded(i int) string {
	if i == 0 {
		return t.partText(0)
	}
	const left, right = "{{/*", "*/}}"
	return left + strings.Repeat(" ", t.parts[i].start-len(left+right)) + right + t.partText(i)
}

// partAt returns the part that an offset lies in.
func (t *Template) partAt(offset int) int {
	i := len(t.parts) - 1
	for i > 0 && t.parts[i].start > offset {
		i--
	}
	return i
}

// partOf returns the part of a name.
func (t *Template) partOf(name string) int {
	return slices.IndexFunc(t.parts, func(p part) bool { return p.name == name })
}

// define adds the definitions of a part. Those of the template itself replace those of its
// partials, as text/template has it for a definition after a block; two partials must not
// define the same, since their order is that of file names.
func (t *Template) define(i int, trees map[string]*parse.Tree) error {
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		tree := trees[name]
		if i > 0 && name == partName(i) {
			if parse.IsEmptyTree(tree.Root) {
				continue
			}
			name = path.Base(t.parts[i].name)
		}
		for k := range t.parts[:i] {
			if k > 0 && slices.Contains(t.parts[k].owns, name) {
				return t.syntax(i, 0, fmt.Sprintf("template %q is defined in %s too", name, t.parts[k].name))
			}
		}
		t.parts[i].owns = append(t.parts[i].owns, name)
		if t.original[name] == nil {
			t.original[name] = tree
		}
	}
	return nil
}

// dropUnused removes the definitions of partials that nothing reaches: lint and policy
// would take what they ask for as something that the template asks for.
func (t *Template) dropUnused() {
	used := map[string]bool{}
	var use func(name string)
	use = func(name string) {
		tree := t.original[name]
		if tree == nil || used[name] {
			return
		}
		used[name] = true
		inspect(tree.Root, func(n parse.Node) bool {
			names, all := calledBy(n)
			if all {
				names = slices.Collect(maps.Keys(t.original))
			}
			for _, name := range names {
				use(name)
			}
			return true
		})
	}
	for _, name := range t.parts[0].owns {
		use(name)
	}
	maps.DeleteFunc(t.original, func(name string, _ *parse.Tree) bool { return !used[name] })
}

// calledBy returns the definitions that a node executes. all is set if their names are
// computed.
func calledBy(n parse.Node) (names []string, all bool) {
	switch n := n.(type) {
	case *parse.TemplateNode:
		return []string{n.Name}, false
	case *parse.CommandNode:
		if !isInclude(n) {
			return nil, false
		}
		if len(n.Args) > 1 {
			if name, ok := n.Args[1].(*parse.StringNode); ok {
				return []string{name.Text}, false
			}
		}
		return nil, true
	}
	return nil, false
}

func isInclude(c *parse.CommandNode) bool {
	id, ok := c.Args[0].(*parse.IdentifierNode)
	return ok && id.Ident == "include"
}
