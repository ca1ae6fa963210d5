package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// eval returns the value of an expression. A nil expression, as in slices, is None.
func (e *evaluator) eval(x syntax.Expr, s *scope) py.Value {
	switch x := x.(type) {
	case nil:
		return nil
	case *syntax.Const:
		return x.Value
	case *syntax.Name:
		if v, ok := s.get(x.Name); ok {
			return v
		}
		return py.Undefined{What: "'" + x.Name + "' is undefined"}
	case *syntax.List:
		return py.NewList(e.all(x.Items, s)...)
	case *syntax.Tuple:
		return py.Tuple(e.all(x.Items, s))
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
		v := e.eval(x.X, s)
		if isPending(v) {
			return v
		}
		return e.attribute(v, x.Name)
	case *syntax.Getitem:
		return e.getitem(x, s)
	case *syntax.Call:
		return e.call(x, s, nil)
	case *syntax.Filter:
		return e.filter(x, e.eval(x.X, s), s)
	case *syntax.Test:
		return e.test(x, s)
	}
	return py.Raise("TypeError", "this cannot be evaluated")
}

func (e *evaluator) all(xs []syntax.Expr, s *scope) []py.Value {
	vs := make([]py.Value, len(xs))
	for i, x := range xs {
		vs[i] = e.eval(x, s)
	}
	return vs
}

func (e *evaluator) dict(x *syntax.Dict, s *scope) py.Value {
	d := py.NewDict()
	for _, item := range x.Items {
		kv := e.all([]syntax.Expr{item.Key, item.Value}, s)
		py.Check(d.Set(kv[0], kv[1]))
	}
	return d
}

func (e *evaluator) cond(x *syntax.Cond, s *scope) py.Value {
	v := e.eval(x.Test, s)
	switch {
	case isPending(v):
		return v
	case py.Truth(v):
		return e.eval(x.Then, s)
	case x.Else != nil:
		return e.eval(x.Else, s)
	}
	return py.Undefined{What: "the inline if-expression evaluated to false and no else section was defined"}
}

// call evaluates f(...). caller is the body of a call block, or nil.
func (e *evaluator) call(x *syntax.Call, s *scope, caller py.Func) py.Value {
	fn := e.eval(x.Fn, s)
	args, named := e.arguments(x.Args, s)
	if caller != nil {
		named.Put("caller", caller)
	}
	if isPending(fn) {
		return fn
	}
	if l, ok := fn.(*loopInfo); ok && l.again != nil {
		return l.again(args, named)
	}
	switch f := fn.(type) {
	case py.Func:
		v, err := py.Caught(func() py.Value { return f(args, named) })
		if isPendingErr(err) || (err != nil && isPending(args...)) {
			return pending()
		}
		return py.Must(v, err)
	case py.Undefined:
		py.Check(f.Err())
	}
	return py.Raise("TypeError", "'%s' object is not callable", py.TypeName(fn))
}

func (e *evaluator) arguments(a syntax.Args, s *scope) ([]py.Value, *py.Dict) {
	args, named := e.all(a.Pos, s), py.NewDict()
	for _, k := range a.Named {
		named.Put(k.Name, e.eval(k.Value, s))
	}
	if a.Star != nil {
		args = append(args, py.Items(e.eval(a.Star, s))...)
	}
	if a.Double != nil {
		v := e.eval(a.Double, s)
		d, ok := v.(*py.Dict)
		if !ok {
			py.Raise("TypeError", "argument after ** must be a mapping, not %s", py.TypeName(v))
		}
		for k, v := range d.All() {
			name, ok := k.(string)
			if !ok {
				py.Raise("TypeError", "keywords must be strings")
			}
			named.Put(name, v)
		}
	}
	return args, named
}

// through applies a chain of filters to v.
func (e *evaluator) through(chain syntax.Expr, v py.Value, s *scope) py.Value {
	f, ok := chain.(*syntax.Filter)
	if !ok {
		return v
	}
	return e.filter(f, e.through(f.X, v, s), s)
}

func (e *evaluator) filter(x *syntax.Filter, v py.Value, s *scope) py.Value {
	args, named := e.arguments(x.Args, s)
	return e.apply(x.Name, v, args, named)
}

// apply applies a filter by name.
func (e *evaluator) apply(name string, v py.Value, args []py.Value, named *py.Dict) py.Value {
	if isPending(v) || isPending(args...) {
		return pending()
	}
	if u, ok := v.(py.Undefined); ok && u.Loud != nil && name != "default" && name != "d" {
		py.Check(u.Loud)
	}
	f, ok := e.filters[name]
	if !ok {
		py.Raise("TemplateRuntimeError", "no filter of that name")
	}
	c := &call{e: e, args: args, named: named}
	got := f(c, v)
	c.refuseUnused()
	return got
}

func (e *evaluator) test(x *syntax.Test, s *scope) py.Value {
	v := e.eval(x.X, s)
	args, _ := e.arguments(x.Args, s)
	if isPending(v) || isPending(args...) {
		return pending()
	}
	return e.passes(x.Name, v, args) != x.Negated
}

// attribute evaluates v.name: an attribute, or else an item.
func (e *evaluator) attribute(v py.Value, name string) py.Value {
	if strings.HasPrefix(name, "__") && v != py.Value(e.secrets) {
		py.Raise("SecurityError", "access to attribute '%s' is unsafe", name)
	}
	if got, ok := attr(v, name); ok {
		return got
	}
	return e.item(v, name, "has no attribute '"+name+"'")
}

// attr returns an attribute, but no item.
func attr(v py.Value, name string) (py.Value, bool) {
	if o, ok := v.(py.Object); ok {
		return o.Attr(name)
	}
	if f, ok := py.Method(v, name); ok {
		return f, true
	}
	return nil, false
}

func (e *evaluator) item(v, key py.Value, what string) py.Value {
	if v == py.Value(e.secrets) {
		return py.Must(e.secrets.get(key))
	}
	if u, ok := v.(py.Undefined); ok {
		py.Check(u.Err())
	}
	if got, ok := py.Index(v, key); ok {
		return got
	}
	return py.Undefined{What: "'" + py.TypeName(v) + " object' " + what}
}

func (e *evaluator) getitem(x *syntax.Getitem, s *scope) py.Value {
	v := e.eval(x.X, s)
	if slice, ok := x.Index.(*syntax.Slice); ok {
		parts := e.all([]syntax.Expr{slice.Start, slice.Stop, slice.Step}, s)
		if isPending(v) {
			return v
		}
		return py.Slice(v, parts[0], parts[1], parts[2])
	}
	key := e.eval(x.Index, s)
	if isPending(v, key) {
		return pending()
	}
	got := e.item(v, key, "has no such element")
	if u, ok := got.(py.Undefined); ok && u.Loud == nil {
		if name, isText := key.(string); isText && !strings.HasPrefix(name, "_") {
			if held, ok := attr(v, name); ok {
				return held
			}
		}
	}
	return got
}
