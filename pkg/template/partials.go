package template

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
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

// include NAME DATA executes a definition and returns what it prints. The rewriter
// replaces its calls by includeAt; only what calls it without arguments gets here.
func include(*pass, string, any) (string, error) { return "", errInclude }

var errInclude = funcs.Problem("it takes NAME and DATA")

// capture collects what a definition prints for include.
type capture struct {
	text    []byte
	unknown bool // some of it is not known, or depends on a branch that was not entered
}

// nestedError is the error of an execution within include.
type nestedError struct{ err error }

func (e *nestedError) Error() string { return "include failed" }

func (e *nestedError) Unwrap() error { return e.err }

// includeAt is include at a site. What is printed within it belongs to the places of the
// definition, below the path of the site; what the action around include prints is one
// place, known only if all of it is.
func (p *pass) includeAt(id int, args ...reflect.Value) (reflect.Value, error) {
	f := find("include")
	for i := range args {
		args[i] = restored(concrete(args[i]))
	}
	switch {
	case len(args) != 2:
		return p.faultOf("include", f, errInclude)
	case isUnknown(args[0]):
		return p.shrug(f, args)
	case args[0].Kind() != reflect.String:
		return p.faultOf("include", f, funcs.Problem("its NAME is not a string"))
	case p.t.trees[args[0].String()] == nil || args[0].String() == rootName:
		return p.faultOf("include", f, &funcs.Failure{
			Text: fmt.Sprintf("template %q is not defined here or in a partial", args[0].String()), Safe: "no template has that name"})
	}
	var data any
	if args[1].IsValid() {
		data = args[1].Interface()
	}
	if err := p.tick(); err != nil {
		return reflect.Value{}, &callError{"include", err}
	}
	if err := p.push(id); err != nil {
		return reflect.Value{}, err
	}
	outer, own := p.captured, &capture{}
	p.captured = own
	err := p.executed.ExecuteTemplate(p, args[0].String(), data)
	p.captured = outer
	if err != nil {
		return reflect.Value{}, &nestedError{err}
	}
	p.done(id)
	if err := p.grow(len(own.text)); err != nil {
		return reflect.Value{}, &callError{"include", err}
	}
	switch {
	case own.unknown:
		return unknownValue(), nil
	case !utf8.Valid(own.text):
		return p.faultOf("include", f, funcs.Problem("what it returns is not UTF-8: use b64enc"))
	}
	return reflect.ValueOf(string(own.text)), nil
}

// write adds to what a definition prints.
func (c *capture) write(b []byte) (int, error) {
	if len(c.text)+len(b) > funcs.MaxBytes {
		return 0, funcs.Problem(fmt.Sprintf("what include returns is larger than %d MiB", funcs.MaxBytes>>20))
	}
	c.text = append(c.text, b...)
	return len(b), nil
}
