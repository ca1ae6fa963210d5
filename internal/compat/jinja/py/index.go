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
func sequence(v Value) (items []Value) {
	switch v.(type) {
	case string, Markup, *List, Tuple, *Group, Range:
		items, _ = Items(v)
	}
	return items
}

// Slice is x[start:stop:step], where nil means that a part is left out.
func Slice(x, start, stop, step Value) (Value, error) {
	switch x := x.(type) {
	case string, Markup, *List, Tuple, Range:
	case Undefined:
		return nil, x.Err()
	default:
		return nil, Errorf("TypeError", "'%s' object is not subscriptable", TypeName(x))
	}
	picked, err := pick(sequence(x), start, stop, step)
	if err != nil {
		return nil, err
	}
	switch x.(type) {
	case string, Markup:
		var b strings.Builder
		for _, c := range picked {
			b.WriteString(c.(string))
		}
		return Like(x, b.String()), nil
	case Tuple:
		return Tuple(picked), nil
	}
	return &List{picked}, nil
}

func pick(items []Value, start, stop, step Value) ([]Value, error) {
	at := func(v Value, standard int64) (int64, error) {
		if v == nil {
			return standard, nil
		}
		n, ok := Int(v)
		if !ok {
			return 0, Errorf("TypeError", "slice indices must be integers or None")
		}
		return n, nil
	}
	size := int64(len(items))
	by, err := at(step, 1)
	if err != nil {
		return nil, err
	}
	if by == 0 {
		return nil, Errorf("ValueError", "slice step cannot be zero")
	}
	low, high := int64(0), size // bounds that indices are held within
	first, last := low, high
	if by < 0 {
		low, high = -1, size-1
		first, last = high, low
	}
	clamp := func(v Value, standard int64) (int64, error) {
		n, err := at(v, standard)
		if v != nil && n < 0 {
			n += size
		}
		return min(max(n, low), high), err
	}
	from, err := clamp(start, first)
	if err != nil {
		return nil, err
	}
	to, err := clamp(stop, last)
	if err != nil {
		return nil, err
	}
	picked := []Value{}
	for i := from; (by > 0 && i < to) || (by < 0 && i > to); i += by {
		picked = append(picked, items[i])
	}
	return picked, nil
}
