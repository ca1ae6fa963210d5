package jinja

import (
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// getter returns the function of an "attribute" argument: a dotted path of names and
// positions, or nil for the item itself. With fold, text becomes lower case.
func (c *call) getter(path py.Value, fold bool) func(py.Value) py.Value {
	var steps []py.Value
	switch p := path.(type) {
	case nil:
	case string:
		for s := range strings.SplitSeq(p, ".") {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				steps = append(steps, n)
				continue
			}
			steps = append(steps, s)
		}
	default:
		steps = []py.Value{path}
	}
	return func(v py.Value) py.Value {
		for _, s := range steps {
			got := c.e.item(v, s, "has no such attribute")
			if name, ok := s.(string); ok {
				if u, missing := got.(py.Undefined); missing && u.Loud == nil {
					if held, ok := attr(v, name); ok {
						got = held
					}
				}
			}
			v = got
		}
		if s, ok := py.Text(v); ok && fold {
			return strings.ToLower(s)
		}
		return v
	}
}

// keyed is an item with its sort key.
type keyed struct{ item, key py.Value }

// keyedBy returns the items of v with their keys.
func keyedBy(v py.Value, get func(py.Value) py.Value) []keyed {
	items := py.Items(v)
	all := make([]keyed, len(items))
	for i, item := range items {
		all[i] = keyed{item, get(item)}
	}
	return all
}

// ordered sorts stably, and returns the items. Like Python's, a reversed sort keeps the
// order of equal items.
func ordered(all []keyed, reversed bool) *py.List {
	slices.SortStableFunc(all, func(x, y keyed) int {
		n := py.Compare("<", x.key, y.key)
		if reversed {
			return -n
		}
		return n
	})
	l := py.NewList()
	for _, k := range all {
		l.Items = append(l.Items, k.item)
	}
	return l
}

func sorted(c *call, v py.Value) py.Value {
	reversed, cased := c.bool(0, "reverse", false), c.bool(1, "case_sensitive", false)
	path := c.arg(2, "attribute", nil)
	get := c.getter(path, !cased)
	if text, ok := path.(string); ok && strings.Contains(text, ",") {
		get = c.getterOfAll(strings.Split(text, ","), !cased)
	}
	return ordered(keyedBy(v, get), reversed)
}

// getterOfAll returns the getter for a list of attributes.
func (c *call) getterOfAll(paths []string, fold bool) func(py.Value) py.Value {
	return func(v py.Value) py.Value {
		var keys py.Tuple
		for _, p := range paths {
			keys = append(keys, c.getter(p, fold)(v))
		}
		return keys
	}
}

func unique(c *call, v py.Value) py.Value {
	cased, path := c.bool(0, "case_sensitive", false), c.arg(1, "attribute", nil)
	seen := py.NewDict()
	g := &py.Gen{}
	for _, k := range keyedBy(v, c.getter(path, !cased)) {
		if _, twice := seen.Get(k.key); twice {
			continue
		}
		py.Check(seen.Set(k.key, true))
		g.Items = append(g.Items, k.item)
	}
	return g
}

func extreme(sign int) filter {
	return func(c *call, v py.Value) py.Value {
		get := c.getter(c.arg(1, "attribute", nil), !c.bool(0, "case_sensitive", false))
		all := keyedBy(v, get)
		if len(all) == 0 {
			return py.Undefined{What: "No aggregated item, sequence was empty."}
		}
		best := all[0]
		for _, k := range all[1:] {
			if py.Compare("<", k.key, best.key)*sign > 0 {
				best = k
			}
		}
		return best.item
	}
}

func dictSort(c *call, v py.Value) py.Value {
	cased, by, reversed := c.bool(0, "case_sensitive", false), c.text(1, "by", "key"), c.bool(2, "reverse", false)
	d, ok := v.(*py.Dict)
	if !ok {
		return py.Raise("TypeError", "dictsort takes a dict, not %s", py.TypeName(v))
	}
	at := int64(0)
	if by == "value" {
		at = 1
	}
	return ordered(keyedBy(py.NewList(d.Pairs()...), c.getter(at, !cased)), reversed)
}

func groupBy(c *call, v py.Value) py.Value {
	path, standard, cased := c.arg(0, "attribute", nil), c.arg(1, "default", nil), c.bool(2, "case_sensitive", false)
	get := c.getter(path, false)
	shown := func(v py.Value) py.Value {
		key := get(v)
		if _, missing := key.(py.Undefined); missing && standard != nil {
			return standard
		}
		return key
	}
	all := keyedBy(v, func(v py.Value) py.Value {
		key := shown(v)
		if s, ok := py.Text(key); ok && !cased {
			return strings.ToLower(s)
		}
		return key
	})
	ordered(all, false)
	var groups []*py.Group
	for i, k := range all {
		if i == 0 || !py.Equal(all[i-1].key, k.key) {
			groups = append(groups, &py.Group{Grouper: shown(k.item), List: py.NewList()})
		}
		last := groups[len(groups)-1].List
		last.Items = append(last.Items, k.item)
	}
	l := py.NewList()
	for _, g := range groups {
		l.Items = append(l.Items, g)
	}
	return l
}
