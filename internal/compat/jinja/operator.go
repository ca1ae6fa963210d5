package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// unary evaluates not, + and -.
func (e *evaluator) unary(x *syntax.Unary, s *scope) py.Value {
	v := e.eval(x.X, s)
	switch {
	case isPending(v):
		return v
	case x.Op == "not":
		return !py.Truth(v)
	}
	if _, ok := py.Float(v); !ok {
		if u, ok := v.(py.Undefined); ok {
			py.Check(u.Err())
		}
		py.Raise("TypeError", "bad operand type for unary %s: '%s'", x.Op, py.TypeName(v))
	}
	if x.Op == "-" {
		return py.Operate("*", v, int64(-1)) // for 0.0 the result is -0.0
	}
	return py.Operate("+", int64(0), v)
}

// binary evaluates x op y. "and" and "or" evaluate y only if necessary.
func (e *evaluator) binary(x *syntax.Binary, s *scope) py.Value {
	a := e.eval(x.X, s)
	if x.Op == "and" || x.Op == "or" {
		if isPending(a) || py.Truth(a) == (x.Op == "or") {
			return a
		}
		return e.eval(x.Y, s)
	}
	b := e.eval(x.Y, s)
	if isPending(a, b) {
		return pending()
	}
	return py.Operate(x.Op, a, b)
}

// concat evaluates "~". If a part is Markup, the other parts are escaped.
func (e *evaluator) concat(x *syntax.Concat, s *scope) py.Value {
	vs := e.all(x.Parts, s)
	if isPending(vs...) {
		return pending()
	}
	markup := false
	for _, v := range vs {
		_, is := v.(py.Markup)
		markup = markup || is
	}
	var b strings.Builder
	for _, v := range vs {
		text := py.Str(v)
		if markup {
			text = string(py.Escape(v))
		}
		b.WriteString(text)
	}
	if markup {
		return py.Markup(b.String())
	}
	return b.String()
}

func (e *evaluator) compare(x *syntax.Compare, s *scope) py.Value {
	a := e.eval(x.First, s)
	for _, op := range x.Ops {
		b := e.eval(op.X, s)
		if isPending(a, b) {
			return pending()
		}
		ok, err := py.Caught(func() bool { return compare(op.Op, a, b) })
		if isPendingErr(err) {
			return pending()
		}
		if !py.Must(ok, err) {
			return false
		}
		a = b
	}
	return true
}

func isPendingErr(err error) bool { return err == errNotYet } //nolint:errorlint // it is never wrapped

func compare(op string, a, b py.Value) bool {
	for _, v := range []py.Value{a, b} {
		// Jinja2 returns false here, which would hide a missing secret.
		if u, ok := v.(py.Undefined); ok {
			py.Check(u.Loud)
		}
	}
	switch op {
	case "==":
		return py.Equal(a, b)
	case "!=":
		return !py.Equal(a, b)
	case "in":
		return py.Contains(a, b)
	case "not in":
		return !py.Contains(a, b)
	case "<":
		return py.Compare(op, a, b) < 0
	case "<=":
		return py.Compare(op, a, b) <= 0
	case ">":
		return py.Compare(op, a, b) > 0
	}
	return py.Compare(op, a, b) >= 0
}
