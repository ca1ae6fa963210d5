package jinja

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

func listFilters() map[string]filter {
	edge := func(last bool) filter {
		return func(_ *call, v py.Value) py.Value {
			items := py.Items(v)
			switch {
			case len(items) == 0:
				return py.Undefined{What: "No item, sequence was empty."}
			case last:
				return items[len(items)-1]
			}
			return items[0]
		}
	}
	return map[string]filter{
		"first": edge(false), "last": edge(true), "join": join, "sort": sorted, "unique": unique,
		"reverse": reverse, "sum": sum, "min": extreme(-1), "max": extreme(1),
		"batch": batch, "slice": sliced, "dictsort": dictSort, "groupby": groupBy,
		"items": func(_ *call, v py.Value) py.Value {
			switch d := v.(type) {
			case *py.Dict:
				return &py.Gen{Items: d.Pairs()}
			case py.Undefined:
				return &py.Gen{}
			}
			return py.Raise("TypeError", "can only get item pairs from a mapping")
		},
	}
}

func join(c *call, v py.Value) py.Value {
	sep, get := c.text(0, "d", ""), c.getter(c.arg(1, "attribute", nil), false)
	items := py.Items(v)
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = py.Str(get(item))
	}
	return strings.Join(parts, sep)
}

func reverse(_ *call, v py.Value) py.Value {
	if _, ok := py.Text(v); ok {
		return py.Slice(v, nil, nil, int64(-1))
	}
	items := slices.Clone(py.Items(v))
	slices.Reverse(items)
	return &py.Gen{Items: items}
}

func sum(c *call, v py.Value) py.Value {
	get, total := c.getter(c.arg(0, "attribute", nil), false), c.arg(1, "start", int64(0))
	for _, item := range py.Items(v) {
		total = py.Operate("+", total, get(item))
	}
	return total
}

func batch(c *call, v py.Value) py.Value {
	n, fill := int(c.int(0, "linecount", 0)), c.arg(1, "fill_with", nil)
	items, g := py.Items(v), &py.Gen{}
	if n <= 0 {
		return g
	}
	for part := range slices.Chunk(items, n) {
		part = slices.Clone(part)
		for fill != nil && len(part) < n && n <= 1<<16 {
			part = append(part, fill)
		}
		g.Items = append(g.Items, py.NewList(part...))
	}
	return g
}

func sliced(c *call, v py.Value) py.Value {
	n, fill := int(c.int(0, "slices", 0)), c.arg(1, "fill_with", nil)
	items, g := py.Items(v), &py.Gen{}
	if n <= 0 || n > 1<<16 {
		return g
	}
	each, more := len(items)/n, len(items)%n
	at := 0
	for i := range n {
		size := each
		if i < more {
			size++
		}
		part := slices.Clone(items[at : at+size])
		at += size
		if fill != nil && more > 0 && i >= more {
			part = append(part, fill)
		}
		g.Items = append(g.Items, py.NewList(part...))
	}
	return g
}

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
	items, f := py.Items(v), c.mapping()
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
		py.Raise("FilterArgumentError", "map requires a filter argument")
	}
	name, _ := py.Text(c.args[0])
	return func(v py.Value) py.Value { return c.e.apply(name, v, c.args[1:], c.named) }
}

// picked returns a filter that keeps the items that pass a test, or the others.
func picked(byAttribute, keep bool) filter {
	return func(c *call, v py.Value) py.Value {
		c.open = true
		items := py.Items(v)
		args, get := c.args, c.getter(nil, false)
		if byAttribute {
			if len(args) == 0 {
				return py.Raise("FilterArgumentError", "missing parameter for attribute name")
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
