package py

import (
	"iter"
	"slices"
)

// Dict is a dict, in the order of insertion.
type Dict struct {
	keys   []Value
	values map[Value]Value
}

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{values: map[Value]Value{}} }

// hashed returns the map key for a value. As in Python, 1, 1.0 and True are equal.
func hashed(k Value) (Value, error) {
	switch k := k.(type) {
	case nil, string, int64:
		return k, nil
	case Markup:
		return string(k), nil
	case bool:
		if k {
			return int64(1), nil
		}
		return int64(0), nil
	case float64:
		if k == float64(int64(k)) {
			return int64(k), nil
		}
		return k, nil
	case Tuple:
		s, err := Caught(func() string { return Repr(k) })
		return struct{ tuple string }{s}, err
	case Undefined:
		if k.Loud != nil {
			panic(failure{k.Loud})
		}
		return struct{ undefined bool }{true}, nil
	}
	panic(failed("TypeError", "unhashable type: '%s'", TypeName(k)))
}

// Set stores a value. It fails for a key that cannot be hashed.
func (d *Dict) Set(k, v Value) error {
	h, err := hashed(k)
	if err != nil {
		return err
	}
	if _, ok := d.values[h]; !ok {
		d.keys = append(d.keys, k)
	}
	d.values[h] = v
	return nil
}

// Put is Set of a text key, which cannot fail.
func (d *Dict) Put(k string, v Value) *Dict {
	_ = d.Set(k, v)
	return d
}

// Get returns a value.
func (d *Dict) Get(k Value) (Value, bool) {
	if d == nil {
		return nil, false
	}
	h, err := hashed(k)
	if err != nil {
		return nil, false
	}
	v, ok := d.values[h]
	return v, ok
}

// Delete removes a key.
func (d *Dict) Delete(k Value) {
	h, err := hashed(k)
	if err != nil {
		return
	}
	delete(d.values, h)
	d.keys = slices.DeleteFunc(d.keys, func(held Value) bool { other, _ := hashed(held); return other == h })
}

// Len is the number of keys.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.keys)
}

// Keys returns the keys in order.
func (d *Dict) Keys() []Value {
	if d == nil {
		return nil
	}
	return slices.Clone(d.keys)
}

// All yields keys and values in order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if d == nil {
			return
		}
		for _, k := range d.keys {
			v, _ := d.Get(k)
			if !yield(k, v) {
				return
			}
		}
	}
}

// Clone returns a shallow copy of d.
func (d *Dict) Clone() *Dict {
	c := NewDict()
	for k, v := range d.All() {
		_ = c.Set(k, v) // it was hashed before
	}
	return c
}

// Pairs returns the items as tuples.
func (d *Dict) Pairs() []Value {
	pairs := make([]Value, 0, d.Len())
	for k, v := range d.All() {
		pairs = append(pairs, Tuple{k, v})
	}
	return pairs
}

func (d *Dict) view(kind string) *View {
	v := &View{Kind: "dict_" + kind, Items: d.Pairs()}
	for i, pair := range v.Items {
		switch kind {
		case "keys":
			v.Items[i] = pair.(Tuple)[0]
		case "values":
			v.Items[i] = pair.(Tuple)[1]
		}
	}
	return v
}

func dictMethod(d *Dict, name string) (Func, bool) {
	switch name {
	case "keys", "values", "items":
		return method(func(*arguments) Value { return d.view(name) })
	case "copy":
		return method(func(*arguments) Value { return d.Clone() })
	case "clear":
		return method(func(*arguments) Value { *d = *NewDict(); return nil })
	case "get", "pop", "setdefault":
		return method(func(a *arguments) Value { return dictTake(d, name, a) })
	case "update":
		return func(args []Value, named *Dict) Value {
			for _, arg := range args {
				update(d, arg)
			}
			update(d, named)
			return nil
		}, true
	}
	return nil, false
}

func dictTake(d *Dict, name string, a *arguments) Value {
	key := a.value(0)
	v, ok := d.Get(key)
	switch {
	case name == "pop" && ok:
		d.Delete(key)
	case name == "pop" && len(a.args) < 2:
		panic(failed("KeyError", "the key is not in the dict"))
	case name == "setdefault" && !ok:
		standard := a.optional(1, nil)
		acyclic(d, standard)
		Check(d.Set(key, standard))
	}
	if !ok {
		v = a.optional(1, nil)
	}
	return v
}

func update(d *Dict, from Value) {
	pairs, ok := from.(*Dict)
	if !ok {
		pairs = DictOf(from)
	}
	for k, v := range pairs.All() {
		acyclic(d, v)
		Check(d.Set(k, v))
	}
}

// DictOf is dict(v) for pairs or another dict.
func DictOf(v Value) *Dict {
	if d, ok := v.(*Dict); ok {
		return d.Clone()
	}
	d := NewDict()
	for _, item := range Items(v) {
		pair := Items(item)
		if len(pair) != 2 {
			panic(failed("ValueError", "dictionary update sequence element has length %d; 2 is required", len(pair)))
		}
		Check(d.Set(pair[0], pair[1]))
	}
	return d
}
