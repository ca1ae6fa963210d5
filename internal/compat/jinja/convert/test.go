package convert

import (
	"strconv"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// test converts a condition, in which an attribute may be missing.
func (c *converter) test(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Getattr:
		if _, isSecret := c.secretName(x); isSecret {
			return c.fail("a test whether a secret exists; secretOr gives a default")
		}
		if n, ok := x.X.(*syntax.Name); ok && (c.visible(n.Name+"."+x.Name) || n.Name == "loop") {
			return c.getattr(x)
		}
		return "(get " + c.expr(x.X) + " " + strconv.Quote(x.Name) + ")"
	case *syntax.Name:
		if !c.visible(x.Name) && x.Name != c.o.ObjName && x.Name != "loop" {
			return "(get $.Vars " + strconv.Quote(x.Name) + ")"
		}
	case *syntax.Compare:
		return c.compare(x)
	case *syntax.Test:
		return c.is(x)
	}
	return c.expr(x)
}

func (c *converter) compare(x *syntax.Compare) string {
	if len(x.Ops) != 1 {
		return c.fail("a chain of comparisons")
	}
	op := x.Ops[0]
	names := map[string]string{"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
	if name, ok := names[op.Op]; ok {
		return c.call(name, x.First, op.X)
	}
	var s string
	switch {
	case c.isSecrets(op.X):
		return c.fail("a test whether a secret exists; secretOr gives a default")
	case isText(op.X):
		s = c.call("contains", x.First, op.X)
	default:
		items, ok := itemsOf(op.X)
		if !ok {
			return c.fail("in, of what may be text, a list or a dict")
		}
		s = c.oneOf(x.First, items)
	}
	if op.Op == "not in" {
		return "(not " + s + ")"
	}
	return s
}

// oneOf converts x in [...]. Comparisons of different kinds differ: Python finds true in
// [1], and eq fails.
func (c *converter) oneOf(x syntax.Expr, items []syntax.Expr) string {
	kinds := map[kind]bool{}
	for _, item := range items {
		kinds[c.kindOf(item)] = true
	}
	switch {
	case len(kinds) == 0, len(kinds) == 1 && kinds[text]:
		return c.call("has", x, &syntax.List{Items: items})
	case len(kinds) == 1 && kinds[whole]:
		value, s := c.need("in", x, whole), "(or"
		for _, item := range items {
			s += " (eq " + value + " " + c.expr(item) + ")"
		}
		return s + ")"
	}
	return c.fail("in, of a list that holds more than texts or whole numbers")
}

func (c *converter) is(x *syntax.Test) string {
	var s string
	switch x.Name {
	case "defined", "undefined":
		s = c.defined(x.X)
		if x.Name == "undefined" {
			s = "(not " + s + ")"
		}
	case "none":
		s = `(kindIs "invalid" ` + c.expr(x.X) + ")" // what is missing is not none
	case "string":
		s = `(kindIs "string" ` + c.expr(x.X) + ")"
	case "mapping":
		s = `(kindIs "map" ` + c.expr(x.X) + ")"
	case "odd":
		s = "(ne (mod " + c.expr(x.X) + " 2) 0)" // -1 below zero
	case "even":
		s = "(eq (mod " + c.expr(x.X) + " 2) 0)"
	default:
		return c.fail("the test %s", x.Name)
	}
	if x.Negated {
		return "(not " + s + ")"
	}
	return s
}

func (c *converter) defined(x syntax.Expr) string {
	if _, ok := c.secretName(x); ok {
		return c.fail("a test whether a secret exists; secretOr gives a default")
	}
	switch x := x.(type) {
	case *syntax.Name:
		if c.visible(x.Name) {
			return "true"
		}
		return "(hasKey $.Vars " + strconv.Quote(x.Name) + ")"
	case *syntax.Getattr:
		return "(hasKey " + c.expr(x.X) + " " + strconv.Quote(x.Name) + ")"
	}
	return c.fail("is defined, of an expression")
}
