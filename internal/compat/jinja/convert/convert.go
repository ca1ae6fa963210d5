// Package convert converts the Jinja2 templates of credsmash to Go templates. Text and
// white space are those of the parsed template, after tags have trimmed them.
//
// A part without an equivalent is replaced by a call of fail and returned in a list for
// the caller to report. A partly converted template therefore fails to render, and does
// not render something else.
//
// [Convert] walks the statements (statement.go, loop.go), which write their tags with
// converted expressions (expr.go). Conditions have rules of their own (test.go), because
// an attribute may be missing there.
package convert

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// Options are the options with which credsmash rendered the template.
type Options struct {
	ObjName string // of the secrets
	KeyFmt  string // credsmash's --key-fmt
}

// Left is a part that could not be converted.
type Left struct {
	Line int
	What string
}

// Convert returns the Go template and the parts that could not be converted. It fails if
// the template cannot be parsed, and if the text is of another kind.
func Convert(text string, o Options) (string, []Left, error) {
	nodes, err := syntax.Parse(text)
	if what := foreign(text, err == nil); what != "" {
		return "", nil, errors.New(what)
	}
	if err != nil {
		return "", nil, err
	}
	before, after, ok := strings.Cut(o.KeyFmt, "{0}")
	if !ok || strings.ContainsAny(before+after, "{}%") {
		return "", nil, fmt.Errorf("--key-fmt %q is not text around one {0}", o.KeyFmt)
	}
	c := &converter{o: o, before: before, after: after}
	c.scope(nodes, nil)
	return c.out.String(), c.left, nil
}

type converter struct {
	o             Options
	before, after string // of a secret's name
	out           strings.Builder
	left          []Left
	scopes        []map[string]bool // variables, "ns.x" for attributes of namespaces
	loops         []loop
}

// noEquivalent is the panic of an expression without an equivalent. Statements recover it.
type noEquivalent struct{ what string }

func (c *converter) fail(format string, args ...any) string {
	panic(noEquivalent{fmt.Sprintf(format, args...)})
}

// try writes the result of f, or a call of fail if there is no equivalent.
func (c *converter) try(line int, f func() string) (ok bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case noEquivalent:
			ok = false
			c.left = append(c.left, Left{line, r.what})
			c.tag("fail " + strconv.Quote(fmt.Sprintf("line %d of the Jinja2 template was not carried over: %s", line, r.what)))
		default:
			panic(r)
		}
	}()
	c.out.WriteString(f())
	return true
}

func (c *converter) tag(s string) { c.out.WriteString("{{" + s + "}}") }

func (c *converter) visible(name string) bool {
	return slices.ContainsFunc(c.scopes, func(s map[string]bool) bool { return s[name] })
}

func (c *converter) declare(name string) { c.scopes[len(c.scopes)-1][name] = true }

// scope converts a body with its own variables. A variable that is first set in an if is
// declared at the beginning, because an if has a scope in Go but not in Jinja2.
func (c *converter) scope(nodes []syntax.Node, declared []string) {
	c.scopes = append(c.scopes, map[string]bool{})
	for _, name := range declared {
		c.declare(name)
	}
	for _, name := range setWithinIf(nodes) {
		value := "dig " + strconv.Quote(name) + ` "" $.Vars` // "" where it is not there, which prints the same
		if c.visible(name) {
			value = "$" + name
		}
		c.tag("$" + name + " := " + value)
		c.declare(name)
	}
	c.nodes(nodes)
	c.scopes = c.scopes[:len(c.scopes)-1]
}

func setWithinIf(nodes []syntax.Node) (names []string) {
	seen := map[string]bool{}
	for _, n := range nodes {
		top, ok := n.(*syntax.If)
		if !ok {
			continue
		}
		syntax.Walk(top, func(n any) bool {
			if set, ok := n.(*syntax.Set); ok {
				if name, ok := set.Target.(*syntax.Name); ok && !seen[name.Name] {
					seen[name.Name] = true
					names = append(names, name.Name)
				}
			}
			_, isFor := n.(*syntax.For)
			return !isFor
		})
	}
	return names
}

// consulFunctions are functions of consul-template that are called without arguments, so
// that Jinja2 reads a call as a variable.
var consulFunctions = map[string]bool{
	"timestamp": true, "services": true, "nodes": true, "datacenters": true, "caRoots": true, "end": true, "else": true,
}

var plainTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{-?\s*([A-Za-z]+)\s*-?\}\}`) })

// foreign returns what a text is that is no Jinja2 template, or "".
func foreign(text string, parsed bool) string {
	if !strings.Contains(text, "{{") && !strings.Contains(text, "{%") && !strings.Contains(text, "{#") {
		return "no Jinja2 template, or one without anything to convert: it has neither {{ }} nor {% %} nor {# #}"
	}
	const inGo = "no Jinja2 template but one of Go's text/template: credrender reads those as they are, and 'credrender help consul-template' shows what replaces functions of consul-template"
	if strings.Contains(text, "{%") {
		return ""
	}
	if !parsed {
		tree := parse.New("")
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(text, "", "", map[string]*parse.Tree{}); err == nil {
			return inGo
		}
		return ""
	}
	for _, m := range plainTag().FindAllStringSubmatch(text, -1) {
		if consulFunctions[m[1]] {
			return inGo
		}
	}
	return ""
}
