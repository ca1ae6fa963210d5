package jinja

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

func listFilters() map[string]filter {
	edge := func(last bool) filter {
		return func(_ *call, v py.Value) (py.Value, error) {
			items, err := py.Items(v)
			switch {
			case err != nil:
				return nil, err
			case len(items) == 0:
				return py.Undefined{What: "No item, sequence was empty."}, nil
			case last:
				return items[len(items)-1], nil
			}
			return items[0], nil
		}
	}
	return map[string]filter{
		"first": edge(false), "last": edge(true), "join": join, "sort": sorted, "unique": unique,
		"reverse": reverse, "sum": sum, "min": extreme(-1), "max": extreme(1),
		"batch": batch, "slice": sliced, "dictsort": dictSort, "groupby": groupBy,
		"items": func(_ *call, v py.Value) (py.Value, error) {
			switch d := v.(type) {
			case *py.Dict:
				return &py.Gen{Items: d.Pairs()}, nil
			case py.Undefined:
				return &py.Gen{}, nil
			}
			return nil, py.Errorf("TypeError", "can only get item pairs from a mapping")
		},
	}
}

func join(c *call, v py.Value) (py.Value, error) {
	sep, get := c.text(0, "d", ""), c.getter(c.arg(1, "attribute", nil), false)
	items, err := py.Items(v)
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(items))
	for i, item := range items {
		item, err := get(item)
		if err != nil {
			return nil, err
		}
		if parts[i], err = py.Str(item); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, sep), nil
}

func reverse(_ *call, v py.Value) (py.Value, error) {
	if _, ok := py.Text(v); ok {
		return py.Slice(v, nil, nil, int64(-1))
	}
	items, err := py.Items(v)
	items = slices.Clone(items)
	slices.Reverse(items)
	return &py.Gen{Items: items}, err
}

func sum(c *call, v py.Value) (py.Value, error) {
	get, total := c.getter(c.arg(0, "attribute", nil), false), c.arg(1, "start", int64(0))
	items, err := py.Items(v)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if item, err = get(item); err != nil {
			return nil, err
		}
		if total, err = py.Operate("+", total, item); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func batch(c *call, v py.Value) (py.Value, error) {
	n, fill := int(c.int(0, "linecount", 0)), c.arg(1, "fill_with", nil)
	items, err := py.Items(v)
	if err != nil || n <= 0 {
		return &py.Gen{}, err
	}
	g := &py.Gen{}
	for part := range slices.Chunk(items, n) {
		part = slices.Clone(part)
		for fill != nil && len(part) < n && n <= 1<<16 {
			part = append(part, fill)
		}
		g.Items = append(g.Items, py.NewList(part...))
	}
	return g, nil
}

func sliced(c *call, v py.Value) (py.Value, error) {
	n, fill := int(c.int(0, "slices", 0)), c.arg(1, "fill_with", nil)
	items, err := py.Items(v)
	if err != nil || n <= 0 || n > 1<<16 {
		return &py.Gen{}, err
	}
	g := &py.Gen{}
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
	return g, nil
}
