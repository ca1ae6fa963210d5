package jinja

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

func listFilters() map[string]filter {
	edge := func(last bool) filter {
		return func(_ *call, v py.Value) py.Value {
			items := must(py.Items(v))
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
			return raise("TypeError", "can only get item pairs from a mapping")
		},
	}
}

func join(c *call, v py.Value) py.Value {
	sep, get := c.text(0, "d", ""), c.getter(c.arg(1, "attribute", nil), false)
	items := must(py.Items(v))
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = must(py.Str(get(item)))
	}
	return strings.Join(parts, sep)
}

func reverse(_ *call, v py.Value) py.Value {
	if _, ok := py.Text(v); ok {
		return must(py.Slice(v, nil, nil, int64(-1)))
	}
	items := slices.Clone(must(py.Items(v)))
	slices.Reverse(items)
	return &py.Gen{Items: items}
}

func sum(c *call, v py.Value) py.Value {
	get, total := c.getter(c.arg(0, "attribute", nil), false), c.arg(1, "start", int64(0))
	for _, item := range must(py.Items(v)) {
		total = must(py.Operate("+", total, get(item)))
	}
	return total
}

func batch(c *call, v py.Value) py.Value {
	n, fill := int(c.int(0, "linecount", 0)), c.arg(1, "fill_with", nil)
	items, g := must(py.Items(v)), &py.Gen{}
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
	items, g := must(py.Items(v)), &py.Gen{}
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
