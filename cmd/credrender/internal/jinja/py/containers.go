package py

import "slices"

// method makes a Func of what reads its arguments by position.
func method(f func(a *arguments) Value) (Func, bool) {
	return func(args []Value, named *Dict) (Value, error) {
		if named.Len() > 0 {
			return nil, Errorf("TypeError", "this method takes no keyword arguments")
		}
		a := &arguments{args: args}
		v := f(a)
		return v, a.err
	}, true
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
		return func(args []Value, named *Dict) (Value, error) {
			for _, arg := range args {
				if err := update(d, arg); err != nil {
					return nil, err
				}
			}
			return nil, update(d, named)
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
	case name == "pop" && len(a.args) < 2 && a.err == nil:
		a.err = Errorf("KeyError", "the key is not in the dict")
	case name == "setdefault" && !ok && a.err == nil:
		standard := a.optional(1, nil)
		if a.err = acyclic(d, standard); a.err == nil {
			a.err = d.Set(key, standard)
		}
	}
	if !ok {
		v = a.optional(1, nil)
	}
	return v
}

func update(d *Dict, from Value) error {
	pairs, ok := from.(*Dict)
	if !ok {
		var err error
		if pairs, err = DictOf(from); err != nil {
			return err
		}
	}
	for k, v := range pairs.All() {
		if err := acyclic(d, v); err != nil {
			return err
		}
		if err := d.Set(k, v); err != nil {
			return err
		}
	}
	return nil
}

// DictOf is dict(v) of pairs or another dict.
func DictOf(v Value) (*Dict, error) {
	if d, ok := v.(*Dict); ok {
		return d.Clone(), nil
	}
	items, err := Items(v)
	if err != nil {
		return nil, err
	}
	d := NewDict()
	for _, item := range items {
		pair, err := Items(item)
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, Errorf("ValueError", "dictionary update sequence element has length %d; 2 is required", len(pair))
		}
		if err := d.Set(pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func listMethod(l *List, name string) (Func, bool) {
	find := func(a *arguments) int {
		want := a.value(0)
		return slices.IndexFunc(l.Items, func(v Value) bool { return Equal(v, want) })
	}
	switch name {
	case "append":
		return method(func(a *arguments) Value {
			v := a.value(0)
			if err := acyclic(l, v); err != nil {
				a.err = err
				return nil
			}
			l.Items = append(l.Items, v)
			return nil
		})
	case "extend":
		return method(func(a *arguments) Value {
			items, err := Items(a.value(0))
			if err == nil {
				err = acyclic(l, items...)
			}
			if a.err = err; err == nil {
				l.Items = append(l.Items, items...)
			}
			return nil
		})
	case "insert":
		return method(func(a *arguments) Value {
			at := a.int(0, 0)
			if at < 0 {
				at += int64(len(l.Items))
			}
			if err := acyclic(l, a.value(1)); err != nil {
				a.err = err
				return nil
			}
			l.Items = slices.Insert(l.Items, int(min(max(at, 0), int64(len(l.Items)))), a.value(1))
			return nil
		})
	case "pop":
		return method(func(a *arguments) Value { return popAt(l, a) })
	case "remove", "index":
		return method(func(a *arguments) Value {
			i := find(a)
			switch {
			case i < 0 && a.err == nil:
				a.err = Errorf("ValueError", "the item is not in the list")
			case i >= 0 && name == "remove":
				l.Items = slices.Delete(slices.Clone(l.Items), i, i+1)
				return nil
			}
			return int64(i)
		})
	case "count":
		return method(func(a *arguments) Value {
			n := int64(0)
			for _, v := range l.Items {
				if Equal(v, a.value(0)) {
					n++
				}
			}
			return n
		})
	case "reverse":
		return method(func(*arguments) Value { slices.Reverse(l.Items); return nil })
	case "clear":
		return method(func(*arguments) Value { l.Items = nil; return nil })
	case "copy":
		return method(func(*arguments) Value { return &List{slices.Clone(l.Items)} })
	case "sort":
		return method(func(a *arguments) Value { a.err = Sort(l.Items, false); return nil })
	}
	return nil, false
}

func popAt(l *List, a *arguments) Value {
	i := a.int(0, -1)
	if i < 0 {
		i += int64(len(l.Items))
	}
	if i < 0 || i >= int64(len(l.Items)) {
		if a.err == nil {
			a.err = Errorf("IndexError", "pop index out of range")
		}
		return nil
	}
	v := l.Items[i]
	l.Items = slices.Delete(slices.Clone(l.Items), int(i), int(i)+1)
	return v
}

// Sort orders items in place, keeping equal ones in order.
func Sort(items []Value, reverse bool) error {
	var err error
	slices.SortStableFunc(items, func(x, y Value) int {
		n, failed := Compare("<", x, y)
		if failed != nil && err == nil {
			err = failed
		}
		if reverse {
			return -n
		}
		return n
	})
	return err
}
