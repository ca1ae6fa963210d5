package py

import (
	"strings"
)

// Index is x[i] for positions and keys. It returns false if there is no such item.
func Index(x, i Value) (Value, bool) {
	if d, ok := x.(*Dict); ok {
		return d.Get(i)
	}
	n, isInt := Int(i)
	items := sequence(x)
	if n < 0 {
		n += int64(len(items))
	}
	if !isInt || n < 0 || n >= int64(len(items)) {
		return nil, false
	}
	return items[n], true
}

// sequence returns the items of a value that has positions, nil of another.
func sequence(v Value) []Value {
	switch v.(type) {
	case string, Markup, *List, Tuple, *Group, Range:
		return Items(v)
	}
	return nil
}

// Slice is x[start:stop:step], where nil means that a part is left out.
func Slice(x, start, stop, step Value) Value {
	switch x := x.(type) {
	case string, Markup, *List, Tuple, Range:
	case Undefined:
		panic(failure{x.Err()})
	default:
		panic(failed("TypeError", "'%s' object is not subscriptable", TypeName(x)))
	}
	picked := pick(sequence(x), start, stop, step)
	switch x.(type) {
	case string, Markup:
		var b strings.Builder
		for _, c := range picked {
			b.WriteString(c.(string))
		}
		return Like(x, b.String())
	case Tuple:
		return Tuple(picked)
	}
	return &List{picked}
}

func pick(items []Value, start, stop, step Value) []Value {
	at := func(v Value, standard int64) int64 {
		if v == nil {
			return standard
		}
		n, ok := Int(v)
		if !ok {
			panic(failed("TypeError", "slice indices must be integers or None"))
		}
		return n
	}
	size := int64(len(items))
	by := at(step, 1)
	if by == 0 {
		panic(failed("ValueError", "slice step cannot be zero"))
	}
	low, high := int64(0), size // bounds that indices are held within
	first, last := low, high
	if by < 0 {
		low, high = -1, size-1
		first, last = high, low
	}
	clamp := func(v Value, standard int64) int64 {
		n := at(v, standard)
		if v != nil && n < 0 {
			n += size
		}
		return min(max(n, low), high)
	}
	from, to := clamp(start, first), clamp(stop, last)
	picked := []Value{}
	for i := from; (by > 0 && i < to) || (by < 0 && i > to); i += by {
		picked = append(picked, items[i])
	}
	return picked
}
