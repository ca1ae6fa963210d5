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

func mapped(c *call, v py.Value) (py.Value, error) {
	c.open = true
	items, err := py.Items(v)
	if err != nil {
		return nil, err
	}
	f, err := c.mapping()
	if err != nil {
		return nil, err
	}
	g := &py.Gen{}
	for _, item := range items {
		got, err := f(item)
		if err != nil {
			return nil, err
		}
		g.Items = append(g.Items, got)
	}
	return g, nil
}

// mapping returns the function of map: an attribute, or a filter by name.
func (c *call) mapping() (func(py.Value) (py.Value, error), error) {
	if path, ok := c.named.Get("attribute"); ok && len(c.args) == 0 {
		get := c.getter(path, false)
		standard, has := c.named.Get("default")
		return func(v py.Value) (py.Value, error) {
			got, err := get(v)
			if _, missing := got.(py.Undefined); missing && has {
				return standard, err
			}
			return got, err
		}, nil
	}
	if len(c.args) == 0 {
		return nil, py.Errorf("FilterArgumentError", "map requires a filter argument")
	}
	name, _ := py.Text(c.args[0])
	return func(v py.Value) (py.Value, error) { return c.e.apply(name, v, c.args[1:], c.named) }, nil
}

// picked returns a filter that keeps the items that pass a test, or the others.
func picked(byAttribute, keep bool) filter {
	return func(c *call, v py.Value) (py.Value, error) {
		c.open = true
		items, err := py.Items(v)
		if err != nil {
			return nil, err
		}
		args, get := c.args, c.getter(nil, false)
		if byAttribute {
			if len(args) == 0 {
				return nil, py.Errorf("FilterArgumentError", "missing parameter for attribute name")
			}
			get, args = c.getter(args[0], false), args[1:]
		}
		g := &py.Gen{}
		for _, item := range items {
			seen, err := get(item)
			if err != nil {
				return nil, err
			}
			ok := py.Truth(seen)
			if len(args) > 0 {
				name, _ := py.Text(args[0])
				if ok, err = c.e.passes(name, seen, args[1:]); err != nil {
					return nil, err
				}
			}
			if ok == keep {
				g.Items = append(g.Items, item)
			}
		}
		return g, nil
	}
}
