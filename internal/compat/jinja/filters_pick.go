package jinja

import (
	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// pickFilters returns the filters that use other filters and tests by name.
func pickFilters() map[string]filter {
	return map[string]filter{
		"map":        mapped,
		"select":     picked(false, true),
		"reject":     picked(false, false),
		"selectattr": picked(true, true),
		"rejectattr": picked(true, false),
	}
}

func mapped(c *call, v py.Value) py.Value {
	c.open = true
	items, f := must(py.Items(v)), c.mapping()
	g := &py.Gen{}
	for _, item := range items {
		g.Items = append(g.Items, f(item))
	}
	return g
}

// mapping returns the function of map: an attribute, or a filter by name.
func (c *call) mapping() func(py.Value) py.Value {
	if path, ok := c.named.Get("attribute"); ok && len(c.args) == 0 {
		get := c.getter(path, false)
		standard, has := c.named.Get("default")
		return func(v py.Value) py.Value {
			got := get(v)
			if _, missing := got.(py.Undefined); missing && has {
				return standard
			}
			return got
		}
	}
	if len(c.args) == 0 {
		raise("FilterArgumentError", "map requires a filter argument")
	}
	name, _ := py.Text(c.args[0])
	return func(v py.Value) py.Value { return c.e.apply(name, v, c.args[1:], c.named) }
}

// picked returns a filter that keeps the items that pass a test, or the others.
func picked(byAttribute, keep bool) filter {
	return func(c *call, v py.Value) py.Value {
		c.open = true
		items := must(py.Items(v))
		args, get := c.args, c.getter(nil, false)
		if byAttribute {
			if len(args) == 0 {
				return raise("FilterArgumentError", "missing parameter for attribute name")
			}
			get, args = c.getter(args[0], false), args[1:]
		}
		g := &py.Gen{}
		for _, item := range items {
			seen := get(item)
			ok := py.Truth(seen)
			if len(args) > 0 {
				name, _ := py.Text(args[0])
				ok = c.e.passes(name, seen, args[1:])
			}
			if ok == keep {
				g.Items = append(g.Items, item)
			}
		}
		return g
	}
}
