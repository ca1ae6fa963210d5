package py

import (
	"cmp"
	"slices"
	"strings"
)

// Equal is x == y.
func Equal(x, y Value) bool {
	_, fx, ix, okX := number(x)
	_, fy, iy, okY := number(y)
	if okX && okY {
		if a, b := x, y; ix && iy {
			m, _ := Int(a)
			n, _ := Int(b)
			return m == n
		}
		return fx == fy
	}
	if a, ok := Text(x); ok {
		b, ok := Text(y)
		return ok && a == b
	}
	switch x := x.(type) {
	case nil:
		return y == nil
	case *List:
		y, ok := y.(*List)
		return ok && slices.EqualFunc(x.Items, y.Items, Equal)
	case Tuple:
		y, ok := y.(Tuple)
		return ok && slices.EqualFunc(x, y, Equal)
	case *Dict:
		y, ok := y.(*Dict)
		return ok && dictsEqual(x, y)
	case Range:
		return x == y
	case Undefined:
		_, ok := y.(Undefined)
		return ok
	}
	return false
}

func dictsEqual(x, y *Dict) bool {
	if x.Len() != y.Len() {
		return false
	}
	for k, v := range x.All() {
		if other, ok := y.Get(k); !ok || !Equal(v, other) {
			return false
		}
	}
	return true
}

// Compare orders x and y as < does, or fails where Python would.
func Compare(op string, x, y Value) int {
	for _, v := range []Value{x, y} {
		if u, ok := v.(Undefined); ok {
			panic(failure{u.Err()})
		}
	}
	m, fx, ix, okX := number(x)
	n, fy, iy, okY := number(y)
	if okX && okY {
		if ix && iy {
			return cmp.Compare(m, n)
		}
		return cmp.Compare(fx, fy)
	}
	if a, ok := Text(x); ok {
		if b, ok := Text(y); ok {
			return strings.Compare(a, b)
		}
	}
	a, b, ok := sequences(x, y)
	if !ok {
		panic(failed("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, TypeName(x), TypeName(y)))
	}
	for i := range min(len(a), len(b)) {
		if !Equal(a[i], b[i]) {
			return Compare(op, a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

func sequences(x, y Value) (a, b []Value, ok bool) {
	switch x := x.(type) {
	case *List:
		y, ok := y.(*List)
		if ok {
			return x.Items, y.Items, true
		}
	case Tuple:
		y, ok := y.(Tuple)
		return x, y, ok
	}
	return nil, nil, false
}

// Container is an Object that answers "in" itself.
type Container interface{ Contains(v Value) bool }

// Contains is x in y.
func Contains(x, y Value) bool {
	if c, ok := y.(Container); ok {
		return c.Contains(x)
	}
	if s, ok := Text(y); ok {
		sub, ok := Text(x)
		if !ok {
			panic(failed("TypeError", "'in <string>' requires string as left operand, not %s", TypeName(x)))
		}
		return strings.Contains(s, sub)
	}
	if d, ok := y.(*Dict); ok {
		_, held := d.Get(x)
		return held
	}
	items, err := Caught(func() []Value { return Items(y) })
	if err != nil {
		panic(failed("TypeError", "argument of type '%s' is not iterable", TypeName(y)))
	}
	return slices.ContainsFunc(items, func(v Value) bool { return Equal(v, x) })
}
