package convert

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// unary converts an operator before its operand.
func (c *converter) unary(x *syntax.Unary) string {
	switch x.Op {
	case "not":
		return "(not " + c.test(x.X) + ")"
	case "-":
		return "(sub 0 " + c.expr(x.X) + ")"
	}
	return c.expr(x.X)
}

// binary converts an operator; what + means must be plain from the operands.
func (c *converter) binary(x *syntax.Binary) string {
	k, isConst := x.X.(*syntax.Const)
	format, isFormat := "", false
	if isConst {
		format, isFormat = k.Value.(string)
	}
	switch x.Op {
	case "and", "or":
		return "(" + x.Op + " " + c.test(x.X) + " " + c.test(x.Y) + ")"
	case "%":
		if !isFormat {
			return c.call("mod", x.X, x.Y)
		}
		args := []syntax.Expr{x.Y}
		if t, ok := x.Y.(*syntax.Tuple); ok {
			args = t.Items
		}
		return c.printf(format, args)
	case "+":
		switch {
		case isText(x.X) || isText(x.Y):
			return c.concat([]syntax.Expr{x.X, x.Y})
		case isNumber(x.X) || isNumber(x.Y):
			return c.call("add", x.X, x.Y)
		}
		return c.fail("+ of what may be text, numbers or lists")
	case "-":
		return c.call("sub", x.X, x.Y)
	case "//":
		return c.call("div", x.X, x.Y)
	}
	return c.fail("the operator %s", x.Op)
}

func isText(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Const:
		_, ok := x.Value.(string)
		return ok
	case *syntax.Concat:
		return true
	case *syntax.Binary:
		return x.Op == "+" && (isText(x.X) || isText(x.Y))
	}
	return false
}

func isNumber(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Const:
		_, ok := x.Value.(int64)
		return ok
	case *syntax.Filter:
		return x.Name == "int" || x.Name == "length" || x.Name == "count"
	case *syntax.Getattr:
		n, ok := x.X.(*syntax.Name)
		return ok && n.Name == "loop"
	}
	return false
}

// verb is one conversion of Python's % that Go's printf has too.
var verb = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%(?:%|[-+ 0]*[0-9]*(?:\.[0-9]+)?(.?))`) })

// printf carries formats over; %s is %v, since Go's %s is for text alone.
func (c *converter) printf(format string, args []syntax.Expr) string {
	format = verb().ReplaceAllStringFunc(format, func(v string) string {
		switch last := v[len(v)-1]; {
		case v == "%%", len(v) > 1 && strings.IndexByte("dxXof", last) >= 0:
			return v
		case len(v) > 1 && last == 's':
			return v[:len(v)-1] + "v"
		}
		return c.fail("a format with something else than %%s %%d %%x %%o %%f")
	})
	return "(printf " + strconv.Quote(format) + c.operands(args) + ")"
}

func (c *converter) concat(parts []syntax.Expr) string {
	return "(printf " + strconv.Quote(strings.Repeat("%v", len(parts))) + c.operands(parts) + ")"
}
