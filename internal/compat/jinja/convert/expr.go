package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// expr converts an expression to an operand, with parentheses around a call.
func (c *converter) expr(x syntax.Expr) string {
	if name, ok := c.secretName(x); ok {
		return "(secret " + name + ")"
	}
	switch x := x.(type) {
	case *syntax.Const:
		return c.literal(x.Value)
	case *syntax.Name:
		return c.name(x.Name)
	case *syntax.Getattr:
		return c.getattr(x)
	case *syntax.Getitem:
		return c.getitem(x)
	case *syntax.List, *syntax.Tuple:
		items, _ := itemsOf(x)
		return c.call("list", items...)
	case *syntax.Dict:
		var all []syntax.Expr
		for _, p := range x.Items {
			all = append(all, p.Key, p.Value)
		}
		return c.call("dict", all...)
	case *syntax.Unary:
		return c.unary(x)
	case *syntax.Binary:
		return c.binary(x)
	case *syntax.Concat:
		return c.concat(x.Parts)
	case *syntax.Compare, *syntax.Test:
		return c.test(x)
	case *syntax.Filter:
		return c.filter(x)
	case *syntax.Call:
		return c.method(x)
	case *syntax.Cond:
		return c.fail("x if y else z within an expression")
	}
	return c.fail("an expression without an equal")
}

func (c *converter) call(name string, args ...syntax.Expr) string {
	return "(" + name + c.operands(args) + ")"
}

// operands converts expressions, with a space before each.
func (c *converter) operands(xs []syntax.Expr) string {
	var b strings.Builder
	for _, x := range xs {
		b.WriteString(" " + c.expr(x))
	}
	return b.String()
}

func (c *converter) literal(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // else it would be a whole number
		}
		return s
	case bool:
		return strconv.FormatBool(v)
	}
	return c.fail("none as a value")
}

func (c *converter) name(name string) string {
	switch {
	case c.visible(name):
		return "$" + name
	case name == c.o.ObjName:
		return c.fail("the secrets as a whole")
	case name == "loop":
		return c.fail("loop as a whole")
	}
	return "$.Vars." + name
}

// secretName returns the name of the secret that x requests, quoted or computed.
func (c *converter) secretName(x syntax.Expr) (string, bool) {
	var key syntax.Expr
	switch x := x.(type) {
	case *syntax.Getattr:
		if !c.isSecrets(x.X) || x.Name == "get_str" || x.Name == "get_bytes" {
			return "", false
		}
		key = &syntax.Const{Value: x.Name}
	case *syntax.Getitem:
		if !c.isSecrets(x.X) {
			return "", false
		}
		key = x.Index
	case *syntax.Call:
		at, ok := x.Fn.(*syntax.Getattr)
		if !ok || !c.isSecrets(at.X) || at.Name != "get_str" || len(x.Pos) != 1 {
			return "", false
		}
		key = x.Pos[0]
	default:
		return "", false
	}
	if s, ok := constant(key).(string); ok {
		return strconv.Quote(c.before + s + c.after), true
	}
	if c.before+c.after == "" {
		return c.expr(key), true
	}
	return "(printf " + strconv.Quote(c.before+"%s"+c.after) + " " + c.expr(key) + ")", true
}

func (c *converter) isSecrets(x syntax.Expr) bool {
	n, ok := x.(*syntax.Name)
	return ok && n.Name == c.o.ObjName && !c.visible(n.Name)
}

func (c *converter) getattr(x *syntax.Getattr) string {
	if n, ok := x.X.(*syntax.Name); ok {
		if c.visible(n.Name + "." + x.Name) {
			return "$" + n.Name + "_" + x.Name
		}
		if n.Name == "loop" && len(c.loops) > 0 && c.loops[len(c.loops)-1].index != "" {
			return c.loop(x.Name)
		}
	}
	if slices.Contains([]string{"keys", "values", "items", "get", "pop", "popitem", "update", "copy", "clear", "setdefault", "fromkeys"}, x.Name) {
		return c.fail("an attribute that a dict has itself, .%s", x.Name)
	}
	if _, isConst := x.X.(*syntax.Const); isConst {
		return c.fail("an attribute of a constant")
	}
	return c.expr(x.X) + "." + x.Name
}

func (c *converter) getitem(x *syntax.Getitem) string {
	switch i := x.Index.(type) {
	case *syntax.Slice:
		return c.fail("a slice")
	case *syntax.Unary: // a literal has no sign of its own
		if i.Op == "-" && constant(i.X) == int64(1) {
			return c.call("last", x.X)
		}
		return c.fail("a position from the end")
	}
	return c.call("index", x.X, x.Index)
}

// method converts a call.
func (c *converter) method(x *syntax.Call) string {
	if len(x.Named) > 0 || x.Star != nil || x.Double != nil {
		return c.fail("a call with named arguments")
	}
	if fn, ok := x.Fn.(*syntax.Name); ok {
		switch {
		case fn.Name == "range" && len(x.Pos) == 1:
			if k := x.Pos[0]; constant(k) != nil {
				return "(until " + c.need("range", k, whole) + ")"
			}
			return "(untilStep 0 (int " + c.need("range", x.Pos[0], whole) + ") 1)" // until counts down below zero
		case fn.Name == "range" && len(x.Pos) == 2:
			return "(untilStep (int " + c.expr(x.Pos[0]) + ") (int " + c.expr(x.Pos[1]) + ") 1)"
		}
		return c.fail("the call of %s", fn.Name)
	}
	at, ok := x.Fn.(*syntax.Getattr)
	if !ok {
		return c.fail("a call")
	}
	ours := map[string]struct {
		name string
		args int
	}{
		"upper": {"upper", 0}, "lower": {"lower", 0}, "strip": {"trim", 0}, "split": {"splitList", 1},
		"startswith": {"hasPrefix", 1}, "endswith": {"hasSuffix", 1}, "replace": {"replace", 2}, "join": {"", 1},
	}
	m, known := ours[at.Name]
	switch {
	case at.Name == "get" && len(x.Pos) == 2:
		return fmt.Sprintf("(dig %s %s %s)", c.expr(x.Pos[0]), c.expr(x.Pos[1]), c.expr(at.X))
	case at.Name == "join" && len(x.Pos) == 1:
		return "(join " + c.expr(at.X) + " (pystrs " + c.need("join", x.Pos[0], list) + "))"
	case !known || len(x.Pos) != m.args:
		return c.fail("the method %s", at.Name)
	}
	return c.call(m.name, append(x.Pos[:len(x.Pos):len(x.Pos)], at.X)...)
}
