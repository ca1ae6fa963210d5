package convert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// plainFilters are the filters without arguments.
func plainFilters() map[string]string {
	return map[string]string{
		"upper": "upper", "lower": "lower", "trim": "trim", "length": "pylen", "count": "pylen", "first": "first",
		"last": "last", "int": "int", "float": "float64", "sh": "shellquote", "env": "envquote",
		"jsonify": "toJson", "tojson": "toJson", "minjson": "minjson", "reverse": "reverse",
	}
}

func (c *converter) filter(x *syntax.Filter) string {
	if len(x.Named) > 0 || x.Star != nil || x.Double != nil {
		return c.fail("the filter %s with named arguments", x.Name)
	}
	if ours, ok := plainFilters()[x.Name]; ok && len(x.Pos) == 0 {
		return c.call(ours, x.X)
	}
	switch n := len(x.Pos); {
	case x.Name == "list" && n == 0 && c.kindOf(x.X) == list:
		return c.expr(x.X)
	case x.Name == "string" && n == 0:
		if c.kindOf(x.X) == whole {
			return c.call("toString", x.X)
		}
		return c.written(x.X)
	case x.Name == "e" || x.Name == "escape" || x.Name == "safe":
		return c.fail("the filter %s within an expression", x.Name) // what is joined to it is escaped too
	case (x.Name == "default" || x.Name == "d") && n >= 1:
		return c.defaultTo(x)
	case x.Name == "replace" && n == 2:
		return c.call("replace", x.Pos[0], x.Pos[1], x.X)
	case x.Name == "join" && n == 1:
		return "(join " + c.expr(x.Pos[0]) + " (pystrs " + c.need("join", x.X, list) + "))"
	case x.Name == "join" && n == 0:
		return `(join "" (pystrs ` + c.need("join", x.X, list) + "))"
	case x.Name == "indent" && n <= 2:
		return c.indent(x)
	case x.Name == "format" && n > 0:
		if format, ok := constant(x.X).(string); ok {
			return c.printf(format, x.Pos)
		}
	}
	return c.fail("the filter %s", x.Name)
}

// defaultTo converts default(), which in Jinja2 replaces a missing value, and with its
// second argument also an empty one.
func (c *converter) defaultTo(x *syntax.Filter) string {
	instead, empty := c.expr(x.Pos[0]), false
	if len(x.Pos) > 1 {
		given, ok := constant(x.Pos[1]).(bool)
		if !ok {
			return c.fail("default() with a second argument that is neither true nor false")
		}
		empty = given
	}
	if name, ok := c.secretName(x.X); ok {
		if empty {
			return c.fail("default(..., true) of a secret")
		}
		return "(secretOr " + instead + " " + name + ")"
	}
	if empty {
		return "(default " + instead + " " + c.test(x.X) + ")"
	}
	switch v := x.X.(type) {
	case *syntax.Name:
		if !c.visible(v.Name) {
			return fmt.Sprintf("(dig %q %s $.Vars)", v.Name, instead)
		}
		return c.expr(v)
	case *syntax.Getattr:
		return fmt.Sprintf("(dig %q %s %s)", v.Name, instead, c.expr(v.X))
	}
	return c.fail("default() of an expression")
}

// indent converts indent(), which unlike Sprig's skips blank lines.
func (c *converter) indent(x *syntax.Filter) string {
	width, first := int64(4), false
	for i, a := range x.Pos {
		k, ok := a.(*syntax.Const)
		if !ok {
			return c.fail("indent by what is computed")
		}
		switch v := k.Value.(type) {
		case int64:
			width = v
		case bool:
			first = v && i == 1
		default:
			return c.fail("indent by text")
		}
	}
	if width < 0 || width > 256 {
		return c.fail("indent by %d", width)
	}
	by := strings.Repeat(" ", int(width))
	s := fmt.Sprintf("(regexReplaceAll %s %s %s)", strconv.Quote("\n(.)"), c.expr(x.X), strconv.Quote("\n"+by+"${1}"))
	if first {
		return fmt.Sprintf("(printf %s %s)", strconv.Quote(by+"%s"), s)
	}
	return s
}
