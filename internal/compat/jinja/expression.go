package jinja

import (
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// eval returns the value of an expression. A nil expression, as in slices, is None.
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

// call evaluates f(...). caller is the body of a call block, or nil.
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

// through applies a chain of filters to v.
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

// apply applies a filter by name.
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
