// Package convert makes a Go template of a Jinja2 one, for those who leave
// credsmash. Text and whitespace come out the same: they are taken from the parsed
// template, where the tags have had their say.
//
// What has no equal is left out, in words that the caller passes on, and a call of
// fail stands in its place, so that a template which was converted in part renders
// nothing rather than something else.
//
// [Convert] goes through the statements (statement.go, loop.go); each writes its
// tags by converting expressions to text (expr.go). What decides between branches
// is converted by rules of its own (test.go), since there an attribute may be
// missing.
package convert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// Options say how the template was rendered.
type Options struct {
	ObjName string // of the secrets
	KeyFmt  string // credsmash's --key-fmt
}

// Left is something that could not be carried over.
type Left struct {
	Line int
	What string
}

// Convert returns the Go template and what is left out of it. The error is that of
// a template which cannot be read.
func Convert(text string, o Options) (string, []Left, error) {
	nodes, err := syntax.Parse(text)
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

// notCarried is the panic of an expression that has no equal; statements catch it.
type notCarried struct{ what string }

func (c *converter) fail(format string, args ...any) string {
	panic(notCarried{fmt.Sprintf(format, args...)})
}

// try writes what f gives, or in its stead a call of fail.
func (c *converter) try(line int, f func() string) (ok bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case notCarried:
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
	for _, s := range c.scopes {
		if s[name] {
			return true
		}
	}
	return false
}

func (c *converter) declare(name string) { c.scopes[len(c.scopes)-1][name] = true }

// scope converts a body with variables of its own. A variable that is first set
// within an if is declared at once: there an if has no scope, in Go it has.
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
