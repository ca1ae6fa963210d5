package jinja

import (
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/compat/jinja/py"
)

// getter returns the function of an "attribute" argument: a dotted path of names and
// positions, or nil for the item itself. With fold, text becomes lower case.
func (c *call) getter(path py.Value, fold bool) func(py.Value) (py.Value, error) {
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
	return func(v py.Value) (py.Value, error) {
		for _, s := range steps {
			got, err := c.e.item(v, s, "has no such attribute")
			if err != nil {
				return nil, err
			}
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
			return strings.ToLower(s), nil
		}
		return v, nil
	}
}

// keyed is an item with its sort key.
type keyed struct{ item, key py.Value }

// keyedBy returns the items of v with their keys.
func keyedBy(v py.Value, get func(py.Value) (py.Value, error)) ([]keyed, error) {
	items, err := py.Items(v)
	if err != nil {
		return nil, err
	}
	all := make([]keyed, len(items))
	for i, item := range items {
		key, err := get(item)
		if err != nil {
			return nil, err
		}
		all[i] = keyed{item, key}
	}
	return all, nil
}

// order sorts stably. Like Python's, a reversed sort keeps the order of equal items.
func order(all []keyed, reversed bool) error {
	var failed error
	slices.SortStableFunc(all, func(x, y keyed) int {
		n, err := py.Compare("<", x.key, y.key)
		if err != nil && failed == nil {
			failed = err
		}
		if reversed {
			return -n
		}
		return n
	})
	return failed
}

func itemsOf(all []keyed) *py.List {
	l := py.NewList()
	for _, k := range all {
		l.Items = append(l.Items, k.item)
	}
	return l
}

func sorted(c *call, v py.Value) (py.Value, error) {
	reversed, cased := c.bool(0, "reverse", false), c.bool(1, "case_sensitive", false)
	path := c.arg(2, "attribute", nil)
	get := c.getter(path, !cased)
	if text, ok := path.(string); ok && strings.Contains(text, ",") {
		get = c.getterOfAll(strings.Split(text, ","), !cased)
	}
	all, err := keyedBy(v, get)
	if err == nil {
		err = order(all, reversed)
	}
	return itemsOf(all), err
}

// getterOfAll returns the getter for a list of attributes.
func (c *call) getterOfAll(paths []string, fold bool) func(py.Value) (py.Value, error) {
	return func(v py.Value) (py.Value, error) {
		var keys py.Tuple
		for _, p := range paths {
			key, err := c.getter(p, fold)(v)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	}
}

func unique(c *call, v py.Value) (py.Value, error) {
	cased, path := c.bool(0, "case_sensitive", false), c.arg(1, "attribute", nil)
	all, err := keyedBy(v, c.getter(path, !cased))
	if err != nil {
		return nil, err
	}
	seen := py.NewDict()
	g := &py.Gen{}
	for _, k := range all {
		if _, twice := seen.Get(k.key); twice {
			continue
		}
		if err := seen.Set(k.key, true); err != nil {
			return nil, err
		}
		g.Items = append(g.Items, k.item)
	}
	return g, nil
}

func extreme(sign int) filter {
	return func(c *call, v py.Value) (py.Value, error) {
		get := c.getter(c.arg(1, "attribute", nil), !c.bool(0, "case_sensitive", false))
		all, err := keyedBy(v, get)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return py.Undefined{What: "No aggregated item, sequence was empty."}, nil
		}
		best := all[0]
		for _, k := range all[1:] {
			n, err := py.Compare("<", k.key, best.key)
			if err != nil {
				return nil, err
			}
			if n*sign > 0 {
				best = k
			}
		}
		return best.item, nil
	}
}

func dictSort(c *call, v py.Value) (py.Value, error) {
	cased, by, reversed := c.bool(0, "case_sensitive", false), c.text(1, "by", "key"), c.bool(2, "reverse", false)
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, py.Errorf("TypeError", "dictsort takes a dict, not %s", py.TypeName(v))
	}
	at := int64(0)
	if by == "value" {
		at = 1
	}
	all, err := keyedBy(py.NewList(d.Pairs()...), c.getter(at, !cased))
	if err == nil {
		err = order(all, reversed)
	}
	return itemsOf(all), err
}

func groupBy(c *call, v py.Value) (py.Value, error) {
	path, standard, cased := c.arg(0, "attribute", nil), c.arg(1, "default", nil), c.bool(2, "case_sensitive", false)
	get := c.getter(path, false)
	fold := func(v py.Value) (py.Value, error) {
		key, err := get(v)
		if _, missing := key.(py.Undefined); missing && standard != nil {
			key = standard
		}
		if s, ok := py.Text(key); ok && !cased {
			return strings.ToLower(s), err
		}
		return key, err
	}
	all, err := keyedBy(v, fold)
	if err == nil {
		err = order(all, false)
	}
	if err != nil {
		return nil, err
	}
	var groups []*py.Group
	for i, k := range all {
		if i == 0 || !py.Equal(all[i-1].key, k.key) {
			shown, err := get(k.item)
			if err != nil {
				return nil, err
			}
			if _, missing := shown.(py.Undefined); missing && standard != nil {
				shown = standard
			}
			groups = append(groups, &py.Group{Grouper: shown, List: py.NewList()})
		}
		last := groups[len(groups)-1].List
		last.Items = append(last.Items, k.item)
	}
	l := py.NewList()
	for _, g := range groups {
		l.Items = append(l.Items, g)
	}
	return l, nil
}
