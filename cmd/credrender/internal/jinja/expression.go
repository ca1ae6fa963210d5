package jinja

import (
	"strings"

	"github.com/credrender/credrender/cmd/credrender/internal/jinja/py"
	"github.com/credrender/credrender/cmd/credrender/internal/jinja/syntax"
)

func (e *evaluator) eval(x syntax.Expr, s *scope) (py.Value, error) {
	switch x := x.(type) {
	case nil:
		return nil, nil
	case *syntax.Const:
		return x.Value, nil
	case *syntax.Name:
		if v, ok := s.get(x.Name); ok {
			return v, nil
		}
		return py.Undefined{What: "'" + x.Name + "' is undefined"}, nil
	case *syntax.List:
		items, err := e.all(x.Items, s)
		return py.NewList(items...), err
	case *syntax.Tuple:
		items, err := e.all(x.Items, s)
		return py.Tuple(items), err
	case *syntax.Dict:
		return e.dict(x, s)
	case *syntax.Unary:
		return e.unary(x, s)
	case *syntax.Binary:
		return e.binary(x, s)
	case *syntax.Concat:
		return e.concat(x, s)
	case *syntax.Compare:
		return e.compare(x, s)
	case *syntax.Cond:
		return e.cond(x, s)
	case *syntax.Getattr:
		v, err := e.eval(x.X, s)
		if err != nil || isPending(v) {
			return v, err
		}
		return e.attribute(v, x.Name)
	case *syntax.Getitem:
		return e.getitem(x, s)
	case *syntax.Call:
		return e.call(x, s, nil)
	case *syntax.Filter:
		v, err := e.eval(x.X, s)
		if err != nil {
			return nil, err
		}
		return e.filter(x, v, s)
	case *syntax.Test:
		return e.test(x, s)
	}
	return nil, py.Errorf("TypeError", "this cannot be evaluated")
}

func (e *evaluator) all(xs []syntax.Expr, s *scope) ([]py.Value, error) {
	vs := make([]py.Value, len(xs))
	for i, x := range xs {
		var err error
		if vs[i], err = e.eval(x, s); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

func (e *evaluator) dict(x *syntax.Dict, s *scope) (py.Value, error) {
	d := py.NewDict()
	for _, item := range x.Items {
		kv, err := e.all([]syntax.Expr{item.Key, item.Value}, s)
		if err != nil {
			return nil, err
		}
		if err := d.Set(kv[0], kv[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

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
		return py.Operate("*", v, int64(-1)) // of 0.0 it makes -0.0
	}
	return py.Operate("+", int64(0), v)
}

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

// concat is "~": as text, and escaped where a part is Markup.
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
		// Equal to nothing in Jinja2, which would hide that a secret is missing.
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

func (e *evaluator) cond(x *syntax.Cond, s *scope) (py.Value, error) {
	v, err := e.eval(x.Test, s)
	if err != nil || isPending(v) {
		return v, err
	}
	switch {
	case py.Truth(v):
		return e.eval(x.Then, s)
	case x.Else != nil:
		return e.eval(x.Else, s)
	}
	return py.Undefined{What: "the inline if-expression evaluated to false and no else section was defined"}, nil
}

// attribute is v.name: an attribute, else an item.
func (e *evaluator) attribute(v py.Value, name string) (py.Value, error) {
	if strings.HasPrefix(name, "__") && v != py.Value(e.secrets) {
		return nil, py.Errorf("SecurityError", "access to attribute '%s' is unsafe", name)
	}
	if got, ok := attr(v, name); ok {
		return got, nil
	}
	return e.item(v, name, "has no attribute '"+name+"'")
}

// attr returns attributes proper.
func attr(v py.Value, name string) (py.Value, bool) {
	if o, ok := v.(py.Object); ok {
		return o.Attr(name)
	}
	if f, ok := py.Method(v, name); ok {
		return f, true
	}
	return nil, false
}

func (e *evaluator) item(v, key py.Value, what string) (py.Value, error) {
	if v == py.Value(e.secrets) {
		return e.secrets.get(key)
	}
	if u, ok := v.(py.Undefined); ok {
		return nil, u.Err()
	}
	got, ok, err := py.Index(v, key)
	if ok || err != nil {
		return got, err
	}
	return py.Undefined{What: "'" + py.TypeName(v) + " object' " + what}, nil
}

func (e *evaluator) getitem(x *syntax.Getitem, s *scope) (py.Value, error) {
	v, err := e.eval(x.X, s)
	if err != nil {
		return nil, err
	}
	if slice, ok := x.Index.(*syntax.Slice); ok {
		parts, err := e.all([]syntax.Expr{slice.Start, slice.Stop, slice.Step}, s)
		if err != nil || isPending(v) {
			return v, err
		}
		return py.Slice(v, parts[0], parts[1], parts[2])
	}
	key, err := e.eval(x.Index, s)
	if err != nil {
		return nil, err
	}
	if isPending(v, key) {
		return pending(), nil
	}
	if u, ok := v.(py.Undefined); ok {
		return nil, u.Err()
	}
	got, err := e.item(v, key, "has no such element")
	if u, ok := got.(py.Undefined); ok && err == nil && u.Loud == nil {
		if name, isText := key.(string); isText && !strings.HasPrefix(name, "_") {
			if held, ok := attr(v, name); ok {
				return held, nil
			}
		}
	}
	return got, err
}

// call is f(...); caller is the body of a call block, or nil.
func (e *evaluator) call(x *syntax.Call, s *scope, caller py.Func) (py.Value, error) {
	fn, err := e.eval(x.Fn, s)
	if err != nil {
		return nil, err
	}
	args, named, err := e.arguments(x.Args, s)
	if err != nil {
		return nil, err
	}
	if caller != nil {
		named.Put("caller", caller)
	}
	if isPending(fn) {
		return fn, nil
	}
	if l, ok := fn.(*loopInfo); ok && l.again != nil {
		return l.again(args, named)
	}
	f, ok := fn.(py.Func)
	switch {
	case ok:
		v, err := f(args, named)
		if isPendingErr(err) || (err != nil && isPending(args...)) {
			return pending(), nil
		}
		return v, err
	}
	if u, ok := fn.(py.Undefined); ok {
		return nil, u.Err()
	}
	return nil, py.Errorf("TypeError", "'%s' object is not callable", py.TypeName(fn))
}

func (e *evaluator) arguments(a syntax.Args, s *scope) ([]py.Value, *py.Dict, error) {
	args, err := e.all(a.Pos, s)
	if err != nil {
		return nil, nil, err
	}
	named := py.NewDict()
	for _, k := range a.Named {
		v, err := e.eval(k.Value, s)
		if err != nil {
			return nil, nil, err
		}
		named.Put(k.Name, v)
	}
	if a.Star != nil {
		v, err := e.eval(a.Star, s)
		if err != nil {
			return nil, nil, err
		}
		more, err := py.Items(v)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, more...)
	}
	if a.Double != nil {
		v, err := e.eval(a.Double, s)
		if err != nil {
			return nil, nil, err
		}
		d, ok := v.(*py.Dict)
		if !ok {
			return nil, nil, py.Errorf("TypeError", "argument after ** must be a mapping, not %s", py.TypeName(v))
		}
		for k, v := range d.All() {
			name, ok := k.(string)
			if !ok {
				return nil, nil, py.Errorf("TypeError", "keywords must be strings")
			}
			named.Put(name, v)
		}
	}
	return args, named, nil
}

// through applies a chain of filters whose head is v.
func (e *evaluator) through(chain syntax.Expr, v py.Value, s *scope) (py.Value, error) {
	f, ok := chain.(*syntax.Filter)
	if !ok {
		return v, nil
	}
	v, err := e.through(f.X, v, s)
	if err != nil {
		return nil, err
	}
	return e.filter(f, v, s)
}

func (e *evaluator) filter(x *syntax.Filter, v py.Value, s *scope) (py.Value, error) {
	args, named, err := e.arguments(x.Args, s)
	if err != nil {
		return nil, err
	}
	return e.apply(x.Name, v, args, named)
}

// apply applies a filter by name, as map does too.
func (e *evaluator) apply(name string, v py.Value, args []py.Value, named *py.Dict) (py.Value, error) {
	if isPending(v) || isPending(args...) {
		return pending(), nil
	}
	if u, ok := v.(py.Undefined); ok && u.Loud != nil && name != "default" && name != "d" {
		return nil, u.Loud
	}
	f, ok := e.filters[name]
	if !ok {
		return nil, py.Errorf("TemplateRuntimeError", "no filter of that name")
	}
	c := &call{e: e, args: args, named: named}
	got, err := f(c, v)
	if err == nil {
		err = c.check()
	}
	return got, err
}

func (e *evaluator) test(x *syntax.Test, s *scope) (py.Value, error) {
	v, err := e.eval(x.X, s)
	if err != nil {
		return nil, err
	}
	args, _, err := e.arguments(x.Args, s)
	if err != nil {
		return nil, err
	}
	if isPending(v) || isPending(args...) {
		return pending(), nil
	}
	ok, err := e.passes(x.Name, v, args)
	return ok != x.Negated, err
}
