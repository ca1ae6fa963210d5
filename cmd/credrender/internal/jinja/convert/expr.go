package convert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/cmd/credrender/internal/jinja/syntax"
	"github.com/credrender/credrender/internal/lazyregexp"
)

// expr converts an expression to an operand: brackets where there is a call.
func (c *converter) expr(x syntax.Expr) string {
	if name, ok := c.secretName(x); ok {
		return "(secret " + name + ")"
	}
	switch x := x.(type) {
	case *syntax.Const:
		return c.constant(x.Value)
	case *syntax.Name:
		return c.name(x.Name)
	case *syntax.Getattr:
		return c.getattr(x)
	case *syntax.Getitem:
		return c.getitem(x)
	case *syntax.List:
		return c.call("list", x.Items...)
	case *syntax.Tuple:
		return c.call("list", x.Items...)
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

// operands are expressions with a blank before each.
func (c *converter) operands(xs []syntax.Expr) string {
	var b strings.Builder
	for _, x := range xs {
		b.WriteString(" " + c.expr(x))
	}
	return b.String()
}

func (c *converter) constant(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
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

// secretName is the quoted or computed name of the secret that x asks for.
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
	if k, ok := key.(*syntax.Const); ok {
		if s, ok := k.Value.(string); ok {
			return strconv.Quote(c.before + s + c.after), true
		}
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
	return c.expr(x.X) + "." + x.Name
}

func (c *converter) loop(name string) string {
	l := c.loops[len(c.loops)-1]
	switch name {
	case "index":
		return "(add " + l.index + " 1)"
	case "index0":
		return l.index
	case "first":
		return "(eq " + l.index + " 0)"
	case "last":
		return "(eq (add1 " + l.index + ") (int64 (len " + l.list + ")))"
	case "length":
		return "(len " + l.list + ")"
	case "revindex":
		return "(sub (len " + l.list + ") " + l.index + ")"
	}
	return c.fail("loop.%s", name)
}

func (c *converter) getitem(x *syntax.Getitem) string {
	switch i := x.Index.(type) {
	case *syntax.Slice:
		return c.fail("a slice")
	case *syntax.Const:
		if n, ok := i.Value.(int64); ok && n == -1 {
			return c.call("last", x.X)
		}
		if n, ok := i.Value.(int64); ok && n < 0 {
			return c.fail("a position from the end")
		}
	case *syntax.Unary:
		if k, ok := i.X.(*syntax.Const); ok && i.Op == "-" && k.Value == int64(1) {
			return c.call("last", x.X)
		}
		return c.fail("a position from the end")
	}
	return c.call("index", x.X, x.Index)
}

func (c *converter) unary(x *syntax.Unary) string {
	switch x.Op {
	case "not":
		return "(not " + c.test(x.X) + ")"
	case "-":
		return "(sub 0 " + c.expr(x.X) + ")"
	}
	return c.expr(x.X)
}

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
var verb = lazyregexp.New(`%(?:%|[-+ 0]*[0-9]*(?:\.[0-9]+)?(.?))`)

// printf carries formats over; %s is %v, since Go's %s is for text alone.
func (c *converter) printf(format string, args []syntax.Expr) string {
	format = verb.ReplaceAllStringFunc(format, func(v string) string {
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

// test converts what is asked for its truth: an attribute may be missing there.
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
		if _, ok := op.X.(*syntax.List); !ok {
			if _, ok := op.X.(*syntax.Tuple); !ok {
				return c.fail("in, of what may be text, a list or a dict")
			}
		}
		s = c.call("has", x.First, op.X)
	}
	if op.Op == "not in" {
		return "(not " + s + ")"
	}
	return s
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
		s = `(kindIs "invalid" ` + c.test(x.X) + ")"
	case "string":
		s = `(kindIs "string" ` + c.expr(x.X) + ")"
	case "mapping":
		s = `(kindIs "map" ` + c.expr(x.X) + ")"
	case "odd":
		s = "(eq (mod " + c.expr(x.X) + " 2) 1)"
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

// method converts a call.
func (c *converter) method(x *syntax.Call) string {
	if len(x.Named) > 0 || x.Star != nil || x.Double != nil {
		return c.fail("a call with named arguments")
	}
	if fn, ok := x.Fn.(*syntax.Name); ok {
		switch {
		case fn.Name == "range" && len(x.Pos) == 1:
			return "(until (int " + c.expr(x.Pos[0]) + "))"
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
		return c.call("join", at.X, x.Pos[0])
	case !known || len(x.Pos) != m.args:
		return c.fail("the method %s", at.Name)
	}
	return c.call(m.name, append(x.Pos[:len(x.Pos):len(x.Pos)], at.X)...)
}
