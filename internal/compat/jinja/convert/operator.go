package convert

import (
	"fmt"
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
		return "(sub 0 " + c.need("a minus sign", x.X, whole) + ")"
	}
	if k := c.kindOf(x.X); k != whole && k != float {
		return c.fail("a plus sign")
	}
	return c.expr(x.X)
}

// binary converts an operator. The meaning of + must be clear from the operands.
func (c *converter) binary(x *syntax.Binary) string {
	format, isFormat := constant(x.X).(string)
	switch x.Op {
	case "and", "or":
		return "(" + x.Op + " " + c.test(x.X) + " " + c.test(x.Y) + ")"
	case "%":
		if !isFormat {
			return c.divide("mod", x)
		}
		args := []syntax.Expr{x.Y}
		if t, ok := x.Y.(*syntax.Tuple); ok {
			args = t.Items
		}
		return c.printf(format, args)
	case "+":
		switch {
		case isText(x.X) || isText(x.Y):
			return `(printf "%s%s" ` + c.need("+", x.X, text) + " " + c.need("+", x.Y, text) + ")"
		case isNumber(x.X) || isNumber(x.Y):
			return "(add " + c.need("+", x.X, whole) + " " + c.need("+", x.Y, whole) + ")"
		}
		return c.fail("+ of what may be text, numbers or lists")
	case "-":
		return "(sub " + c.need("-", x.X, whole) + " " + c.need("-", x.Y, whole) + ")"
	case "//":
		return c.divide("div", x)
	}
	return c.fail("the operator %s", x.Op)
}

// divide converts a division. For negative numbers, Python rounds down and Go toward zero.
func (c *converter) divide(fn string, x *syntax.Binary) string {
	if n, isWhole := constant(x.Y).(int64); !isWhole || n <= 0 {
		return c.fail("a division by what may be below zero")
	}
	left, n := c.need("a division", x.X, whole), c.expr(x.Y)
	rest := fmt.Sprintf("(mod (add (mod %s %s) %s) %s)", left, n, n, n)
	switch at, isLoop := x.X.(*syntax.Getattr); {
	case isLoop && c.loopKind(at) == whole: // never below zero
		return "(" + fn + " " + left + " " + n + ")"
	case fn == "mod":
		return rest
	}
	return fmt.Sprintf("(div (sub %s %s) %s)", left, rest, n)
}

// constant returns the value of a constant, nil of anything else.
func constant(x syntax.Expr) any {
	if k, ok := x.(*syntax.Const); ok {
		return k.Value
	}
	return nil
}

// itemsOf returns the items of a list or tuple.
func itemsOf(x syntax.Expr) (items []syntax.Expr, ok bool) {
	switch x := x.(type) {
	case *syntax.List:
		return x.Items, true
	case *syntax.Tuple:
		return x.Items, true
	}
	return nil, false
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

// verb matches a conversion that Python's % and Go's printf share.
var verb = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%(?:%|[-+ 0]*[0-9]*(?:\.[0-9]+)?(.?))`) })

// printf converts formats. Python pads text only with spaces, and accepts any value for
// %s, whose width counts characters.
func (c *converter) printf(format string, args []syntax.Expr) string {
	next := 0
	var operands strings.Builder
	format = verb().ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" {
			return v
		}
		last := v[len(v)-1]
		if len(v) < 2 || strings.IndexByte("dxXofs", last) < 0 || next >= len(args) {
			return c.fail("a format with something else than %%s %%d %%x %%o %%f, or with too few values")
		}
		arg := args[next]
		next++
		if last != 's' {
			operands.WriteString(" " + c.need("%"+string(last), arg, whole, float))
			return v
		}
		s := c.written(arg)
		if c.kindOf(arg) == whole {
			s = "(toString " + s + ")"
		}
		operands.WriteString(" " + s)
		flags := strings.TrimLeft(v[1:], "-+ 0")
		if strings.Contains(v[:len(v)-len(flags)], "-") {
			flags = "-" + flags
		}
		return "%" + flags
	})
	if next < len(args) {
		return c.fail("a format with too many values")
	}
	return "(printf " + strconv.Quote(format) + operands.String() + ")"
}

func (c *converter) concat(parts []syntax.Expr) string {
	s := "(printf " + strconv.Quote(strings.Repeat("%v", len(parts)))
	for _, p := range parts {
		s += " " + c.written(p)
	}
	return s + ")"
}
