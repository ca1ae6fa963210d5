package convert

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// nodes converts a body in the current scope.
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
		if f, ok := n.X.(*syntax.Filter); ok && len(f.Pos)+len(f.Named) == 0 && f.Star == nil && f.Double == nil {
			switch f.Name {
			case "safe":
				return "{{" + strip(c.written(f.X)) + "}}"
			case "e", "escape":
				return "{{html " + c.written(f.X) + "}}"
			}
		}
		return "{{" + strip(c.written(n.X)) + "}}"
	})
}

// strip removes parentheses around a whole expression.
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
