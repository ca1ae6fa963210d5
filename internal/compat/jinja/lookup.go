package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

// attribute evaluates v.name: an attribute, or else an item.
func (e *evaluator) attribute(v py.Value, name string) (py.Value, error) {
	if strings.HasPrefix(name, "__") && v != py.Value(e.secrets) {
		return nil, py.Errorf("SecurityError", "access to attribute '%s' is unsafe", name)
	}
	if got, ok := attr(v, name); ok {
		return got, nil
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
