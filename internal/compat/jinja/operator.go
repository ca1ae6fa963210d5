package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// unary evaluates not, + and -.
func (e *evaluator) unary(x *syntax.Unary, s *scope) (py.Value, error) {
	v, err := e.eval(x.X, s)
	if err != nil || isPending(v) {
		return v, err
	}
	if x.Op == "not" {
		return !py.Truth(v), nil
	}
	if _, ok := py.Float(v); !ok {
		if u, ok := v.(py.Undefined); ok {
			return nil, u.Err()
		}
		return nil, py.Errorf("TypeError", "bad operand type for unary %s: '%s'", x.Op, py.TypeName(v))
	}
	if x.Op == "-" {
		return py.Operate("*", v, int64(-1)) // for 0.0 the result is -0.0
	}
	return py.Operate("+", int64(0), v)
}

// binary evaluates x op y. "and" and "or" evaluate y only if necessary.
func (e *evaluator) binary(x *syntax.Binary, s *scope) (py.Value, error) {
	a, err := e.eval(x.X, s)
	if err != nil {
		return nil, err
	}
	if x.Op == "and" || x.Op == "or" {
		if isPending(a) || py.Truth(a) == (x.Op == "or") {
			return a, nil
		}
		return e.eval(x.Y, s)
	}
	b, err := e.eval(x.Y, s)
	if err != nil {
		return nil, err
	}
	if isPending(a, b) {
		return pending(), nil
	}
	return py.Operate(x.Op, a, b)
}

// concat evaluates "~". If a part is Markup, the other parts are escaped.
func (e *evaluator) concat(x *syntax.Concat, s *scope) (py.Value, error) {
	vs, err := e.all(x.Parts, s)
	if err != nil {
		return nil, err
	}
	if isPending(vs...) {
		return pending(), nil
	}
	markup := false
	for _, v := range vs {
		_, is := v.(py.Markup)
		markup = markup || is
	}
	var b strings.Builder
	for _, v := range vs {
		text, err := py.Str(v)
		if err != nil {
			return nil, err
		}
		if markup {
			text = string(py.Escape(v))
		}
		b.WriteString(text)
	}
	if markup {
		return py.Markup(b.String()), nil
	}
	return b.String(), nil
}

func (e *evaluator) compare(x *syntax.Compare, s *scope) (py.Value, error) {
	a, err := e.eval(x.First, s)
	if err != nil {
		return nil, err
	}
	for _, op := range x.Ops {
		b, err := e.eval(op.X, s)
		if err != nil {
			return nil, err
		}
		if isPending(a, b) {
			return pending(), nil
		}
		ok, err := compare(op.Op, a, b)
		if isPendingErr(err) {
			return pending(), nil
		}
		if err != nil || !ok {
			return false, err
		}
		a = b
	}
	return true, nil
}

func isPendingErr(err error) bool { return err == errNotYet } //nolint:errorlint // it is never wrapped

func compare(op string, a, b py.Value) (bool, error) {
	for _, v := range []py.Value{a, b} {
		// Jinja2 returns false here, which would hide a missing secret.
		if u, ok := v.(py.Undefined); ok && u.Loud != nil {
			return false, u.Loud
		}
	}
	switch op {
	case "==":
		return py.Equal(a, b), nil
	case "!=":
		return !py.Equal(a, b), nil
	case "in":
		return py.Contains(a, b)
	case "not in":
		ok, err := py.Contains(a, b)
		return !ok, err
	}
	n, err := py.Compare(op, a, b)
	switch op {
	case "<":
		return n < 0, err
	case "<=":
		return n <= 0, err
	case ">":
		return n > 0, err
	}
	return n >= 0, err
}
