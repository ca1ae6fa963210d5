package jinja

import (
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/internal/compat/jinja/syntax"
)

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
