// Package convert makes a Go template of a Jinja2 one, for those who leave
// credsmash. Text and whitespace come out the same: they are taken from the parsed
// template, where the tags have had their say.
//
// What has no equal is left out, in words that the caller passes on, and a call of
// fail stands in its place, so that a template which was converted in part renders
// nothing rather than something else.
package convert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/cmd/credrender/internal/jinja/syntax"
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

// loop is a loop that is open.
type loop struct{ index, list string }

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
		value := `""`
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

func (c *converter) nodes(nodes []syntax.Node) {
	for _, n := range nodes {
		c.node(n)
	}
}

func (c *converter) node(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Text:
		c.out.WriteString(strings.ReplaceAll(n.Text, "{{", `{{"{{"}}`))
	case *syntax.Print:
		c.print(n)
	case *syntax.If:
		c.ifNode(n)
	case *syntax.For:
		c.forNode(n)
	case *syntax.Set:
		c.try(n.Line, func() string { return c.set(n) })
	case *syntax.With:
		c.with(n)
	case *syntax.Block:
		c.nodes(n.Body)
	case *syntax.Macro:
		c.cannot(n.Line, "macro "+n.Name)
	case *syntax.CallBlock:
		c.cannot(n.Line, "a call block")
	case *syntax.FilterBlock:
		c.cannot(n.Line, "a filter block")
	case *syntax.SetBlock:
		c.cannot(n.Line, "set with a body")
	case *syntax.Load:
		c.cannot(n.Line, n.Tag)
	}
}

func (c *converter) cannot(line int, what string) {
	c.try(line, func() string { return c.fail("%s", what) })
}

func (c *converter) print(n *syntax.Print) {
	if cond, ok := n.X.(*syntax.Cond); ok {
		if !c.try(n.Line, func() string { return "{{if " + c.test(cond.Test) + "}}" }) {
			return
		}
		c.print(&syntax.Print{X: cond.Then, Line: n.Line})
		if cond.Else != nil {
			c.tag("else")
			c.print(&syntax.Print{X: cond.Else, Line: n.Line})
		}
		c.tag("end")
		return
	}
	c.try(n.Line, func() string {
		if k, ok := n.X.(*syntax.Const); ok {
			switch v := k.Value.(type) {
			case bool:
				return `{{"` + map[bool]string{true: "True", false: "False"}[v] + `"}}`
			case nil:
				return `{{"None"}}`
			}
		}
		return "{{" + strip(c.expr(n.X)) + "}}"
	})
}

// strip takes away the brackets around a whole expression.
func strip(s string) string {
	if !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") {
		return s
	}
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == '(':
			depth++
		case !quoted && s[i] == ')':
			if depth--; depth == 0 && i < len(s)-1 {
				return s
			}
		}
	}
	return s[1 : len(s)-1]
}

func (c *converter) ifNode(n *syntax.If) {
	if !c.try(n.Line, func() string { return "{{if " + strip(c.test(n.Test)) + "}}" }) {
		return
	}
	c.nodes(n.Body)
	if len(n.Else) > 0 {
		c.tag("else")
		c.nodes(n.Else)
	}
	c.tag("end")
}

func (c *converter) forNode(n *syntax.For) {
	var declared []string
	ok := c.try(n.Line, func() string {
		if n.Recursive {
			c.fail("a recursive loop")
		}
		if n.Test != nil && mentionsLoop(n.Body) {
			c.fail("loop variables together with a condition of the loop")
		}
		var head string
		head, declared = c.loopHead(n)
		return "{{range " + head + "}}"
	})
	if !ok {
		return
	}
	filtered := false
	if n.Test != nil {
		c.scopes = append(c.scopes, map[string]bool{})
		for _, d := range declared {
			c.declare(d)
		}
		filtered = c.try(n.Line, func() string { return "{{if " + strip(c.test(n.Test)) + "}}" })
		c.scopes = c.scopes[:len(c.scopes)-1]
	}
	c.scope(n.Body, declared)
	c.loops = c.loops[:len(c.loops)-1]
	if filtered {
		c.tag("end")
	}
	if len(n.Else) > 0 {
		if n.Test != nil {
			c.cannot(n.Line, "else of a loop with a condition")
		}
		c.tag("else")
		c.scope(n.Else, nil)
	}
	c.tag("end")
}

func mentionsLoop(nodes []syntax.Node) bool {
	found := false
	syntax.Walk(nodes, func(n any) bool {
		if name, ok := n.(*syntax.Name); ok && name.Name == "loop" {
			found = true
		}
		return !found
	})
	return found
}

// loopHead is what stands after range, and the variables that it declares.
func (c *converter) loopHead(n *syntax.For) (string, []string) {
	if pair, ok := n.Target.(*syntax.Tuple); ok && len(pair.Items) == 2 {
		key, okK := pair.Items[0].(*syntax.Name)
		value, okV := pair.Items[1].(*syntax.Name)
		dict, sorted := dictOf(n.Iter)
		if !okK || !okV || dict == nil {
			c.fail("a loop over pairs that are not a dict's items")
		}
		if mentionsLoop(n.Body) {
			c.fail("loop variables in a loop over a dict")
		}
		if !sorted {
			c.left = append(c.left, Left{n.Line, "the order of items(): the Go template goes by key"})
		}
		c.loops = append(c.loops, loop{})
		return fmt.Sprintf("$%s, $%s := %s", key.Name, value.Name, c.expr(dict)), []string{key.Name, value.Name}
	}
	target, ok := n.Target.(*syntax.Name)
	if !ok {
		c.fail("a loop over tuples")
	}
	list := c.expr(n.Iter)
	index := "$loop"
	if len(c.loops) > 0 {
		index += strconv.Itoa(len(c.loops) + 1)
	}
	c.loops = append(c.loops, loop{index, list})
	return fmt.Sprintf("%s, $%s := %s", index, target.Name, strip(list)), []string{target.Name}
}

// dictOf is the dict whose items are looped over.
func dictOf(x syntax.Expr) (dict syntax.Expr, sorted bool) {
	switch x := x.(type) {
	case *syntax.Call:
		if at, ok := x.Fn.(*syntax.Getattr); ok && at.Name == "items" && len(x.Pos) == 0 {
			return at.X, false
		}
	case *syntax.Filter:
		if x.Name == "dictsort" && len(x.Pos) == 0 && len(x.Named) == 0 {
			return x.X, true
		}
	}
	return nil, false
}

func (c *converter) set(n *syntax.Set) string {
	switch t := n.Target.(type) {
	case *syntax.Name:
		if call, ok := n.X.(*syntax.Call); ok {
			if fn, ok := call.Fn.(*syntax.Name); ok && fn.Name == "namespace" {
				return c.namespace(t.Name, call)
			}
		}
		how := " := "
		if c.scopes[len(c.scopes)-1][t.Name] {
			how = " = "
		}
		s := "{{$" + t.Name + how + strip(c.expr(n.X)) + "}}"
		c.declare(t.Name)
		return s
	case *syntax.NSRef:
		if !c.visible(t.Name + "." + t.Attr) {
			c.fail("an attribute that its namespace did not begin with")
		}
		return "{{$" + t.Name + "_" + t.Attr + " = " + strip(c.expr(n.X)) + "}}"
	}
	return c.fail("set of several variables at once")
}

func (c *converter) namespace(name string, call *syntax.Call) string {
	if len(call.Pos) > 0 || call.Star != nil || call.Double != nil {
		c.fail("namespace() of anything but name=value")
	}
	var b strings.Builder
	for _, k := range call.Named {
		b.WriteString("{{$" + name + "_" + k.Name + " := " + strip(c.expr(k.Value)) + "}}")
		c.declare(name + "." + k.Name)
	}
	return b.String()
}

func (c *converter) with(n *syntax.With) {
	c.tag("if true")
	var names []string
	for i, t := range n.Targets {
		c.try(n.Line, func() string {
			name, ok := t.(*syntax.Name)
			if !ok {
				c.fail("with of several variables at once")
			}
			names = append(names, name.Name)
			return "{{$" + name.Name + " := " + strip(c.expr(n.Values[i])) + "}}"
		})
	}
	c.scope(n.Body, names)
	c.tag("end")
}
