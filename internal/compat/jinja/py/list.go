package py

import (
	"slices"
)

// listMethod returns a method of a list, or one that tuples also have.
func listMethod(l *List, name string) (Func, bool) {
	f, ok := map[string]func(*List, *arguments) Value{
		"append":  appendTo,
		"extend":  extend,
		"insert":  insertAt,
		"pop":     popAt,
		"remove":  func(l *List, a *arguments) Value { return find(l, true, a) },
		"index":   func(l *List, a *arguments) Value { return find(l, false, a) },
		"count":   count,
		"reverse": func(l *List, _ *arguments) Value { slices.Reverse(l.Items); return nil },
		"clear":   func(l *List, _ *arguments) Value { l.Items = nil; return nil },
		"copy":    func(l *List, _ *arguments) Value { return &List{slices.Clone(l.Items)} },
		"sort":    func(l *List, _ *arguments) Value { Sort(l.Items); return nil },
	}[name]
	if !ok {
		return nil, false
	}
	return method(func(a *arguments) Value { return f(l, a) })
}

func appendTo(l *List, a *arguments) Value {
	v := a.value(0)
	acyclic(l, v)
	l.Items = append(l.Items, v)
	return nil
}

func extend(l *List, a *arguments) Value {
	items := Items(a.value(0))
	acyclic(l, items...)
	l.Items = append(l.Items, items...)
	return nil
}

func insertAt(l *List, a *arguments) Value {
	at := a.int(0, 0)
	if at < 0 {
		at += int64(len(l.Items))
	}
	acyclic(l, a.value(1))
	l.Items = slices.Insert(l.Items, int(min(max(at, 0), int64(len(l.Items)))), a.value(1))
	return nil
}

// find returns the index of an item, and removes the item if requested.
func find(l *List, remove bool, a *arguments) Value {
	want := a.value(0)
	i := slices.IndexFunc(l.Items, func(v Value) bool { return Equal(v, want) })
	switch {
	case i < 0:
		panic(failed("ValueError", "the item is not in the list"))
	case remove:
		l.Items = slices.Delete(slices.Clone(l.Items), i, i+1)
		return nil
	}
	return int64(i)
}

func count(l *List, a *arguments) Value {
	n := int64(0)
	for _, v := range l.Items {
		if Equal(v, a.value(0)) {
			n++
		}
	}
	return n
}

func popAt(l *List, a *arguments) Value {
	i := a.int(0, -1)
	if i < 0 {
		i += int64(len(l.Items))
	}
	if i < 0 || i >= int64(len(l.Items)) {
		panic(failed("IndexError", "pop index out of range"))
	}
	v := l.Items[i]
	l.Items = slices.Delete(slices.Clone(l.Items), int(i), int(i)+1)
	return v
}

// Sort orders items in place, keeping equal ones in order.
func Sort(items []Value) {
	slices.SortStableFunc(items, func(x, y Value) int { return Compare("<", x, y) })
}

// acyclic refuses to add values to a list or dict that they contain, because printing or
// comparing it would not end. Python allows that, but templates do not need it.
func acyclic(into Value, added ...Value) {
	seen := map[Value]bool{}
	for _, v := range added {
		if holds(v, into, seen) {
			panic(failed("ValueError", "a list or dict that holds itself is not carried here"))
		}
	}
}

// holds reports whether v is or contains want.
func holds(v, want Value, seen map[Value]bool) bool {
	var items []Value
	switch v := v.(type) {
	case *List:
		items = v.Items
	case *Dict:
		for _, item := range v.All() {
			items = append(items, item)
		}
	case Tuple:
		for _, item := range v {
			if holds(item, want, seen) {
				return true
			}
		}
		return false
	default:
		return false
	}
	if v == want || seen[v] {
		return v == want
	}
	seen[v] = true
	for _, item := range items {
		if holds(item, want, seen) {
			return true
		}
	}
	return false
}
