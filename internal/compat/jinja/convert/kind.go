package convert

import (
	"slices"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// kind is the type of an expression, as far as it is known for all variables.
type kind int

// The kind of a variable is unknown. Python and Go print text and whole the same way.
const (
	unknown kind = iota
	text
	whole
	float
	boolean
	list
	dict
	nothing
)

// kindOf returns the kind of an expression.
func (c *converter) kindOf(x syntax.Expr) kind {
	if _, ok := c.secretName(x); ok {
		return text
	}
	switch x := x.(type) {
	case *syntax.Const:
		return constantKind(x.Value)
	case *syntax.List, *syntax.Tuple:
		return list
	case *syntax.Dict:
		return dict
	case *syntax.Concat:
		return text
	case *syntax.Compare, *syntax.Test:
		return boolean
	case *syntax.Unary:
		if x.Op == "not" {
			return boolean
		}
		return c.kindOf(x.X)
	case *syntax.Binary:
		return c.binaryKind(x)
	case *syntax.Filter:
		return c.filterKind(x)
	case *syntax.Getattr:
		return c.loopKind(x)
	case *syntax.Call:
		return callKind(x)
	}
	return unknown
}

func constantKind(v any) kind {
	switch v.(type) {
	case string:
		return text
	case int64:
		return whole
	case float64:
		return float
	case bool:
		return boolean
	}
	return nothing
}

func (c *converter) binaryKind(x *syntax.Binary) kind {
	a, b := c.kindOf(x.X), c.kindOf(x.Y)
	switch {
	case x.Op == "%" && a == text:
		return text
	case a == b && a != boolean:
		return a
	}
	return unknown
}

func (c *converter) filterKind(x *syntax.Filter) kind {
	switch x.Name {
	case "upper", "lower", "trim", "replace", "join", "indent", "format", "string", "sh", "env", "jsonify", "tojson", "minjson":
		return text
	case "length", "count", "int":
		return whole
	case "float":
		return float
	case "list":
		return list
	case "reverse":
		return c.kindOf(x.X)
	case "default", "d":
		if len(x.Pos) > 0 && c.kindOf(x.X) == c.kindOf(x.Pos[0]) {
			return c.kindOf(x.X)
		}
	}
	return unknown
}

func (c *converter) loopKind(x *syntax.Getattr) kind {
	if n, ok := x.X.(*syntax.Name); ok && n.Name == "loop" && !c.visible("loop") {
		switch x.Name {
		case "first", "last":
			return boolean
		}
		return whole
	}
	return unknown
}

func callKind(x *syntax.Call) kind {
	if n, ok := x.Fn.(*syntax.Name); ok && n.Name == "range" {
		return list
	}
	at, ok := x.Fn.(*syntax.Getattr)
	if !ok {
		return unknown
	}
	switch at.Name {
	case "upper", "lower", "strip", "replace", "join":
		return text
	case "split":
		return list
	case "startswith", "endswith":
		return boolean
	}
	return unknown
}

// written converts an expression that is printed, to the text that Python would print.
func (c *converter) written(x syntax.Expr) string {
	switch c.kindOf(x) {
	case text, whole:
		return c.expr(x)
	case list, dict:
		return c.fail("a list or dict as text")
	case nothing:
		return c.fail("none as text")
	}
	return "(pystr " + c.expr(x) + ")"
}

// need refuses an operand that is known to have another kind.
func (c *converter) need(what string, x syntax.Expr, kinds ...kind) string {
	got := c.kindOf(x)
	if slices.Contains(append(kinds, unknown), got) {
		return c.expr(x)
	}
	return c.fail("%s of what is something else", what)
}
