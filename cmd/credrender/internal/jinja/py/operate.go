package py

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// number returns v as the numbers that operators see: a bool is an int.
func number(v Value) (i int64, f float64, isInt, ok bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, 1, true, true
		}
		return 0, 0, true, true
	case int64:
		return v, float64(v), true, true
	case float64:
		return 0, v, false, true
	}
	return 0, 0, false, false
}

// Float returns v as a float.
func Float(v Value) (float64, bool) {
	_, f, _, ok := number(v)
	return f, ok
}

// Int returns v as an int.
func Int(v Value) (int64, bool) {
	i, _, isInt, ok := number(v)
	return i, isInt && ok
}

var errRange = &Error{"OverflowError", "a number is larger than 64 bits hold"}

// Operate is x op y for an arithmetic operator.
func Operate(op string, x, y Value) (Value, error) {
	for _, v := range []Value{x, y} {
		if u, ok := v.(Undefined); ok {
			return nil, u.Err()
		}
	}
	if s, ok := Text(x); ok && op == "%" {
		return like(x)(Percent(s, y))
	}
	a, fa, intA, okA := number(x)
	b, fb, intB, okB := number(y)
	if okA && okB {
		if intA && intB {
			return intOp(op, a, b)
		}
		return floatOp(op, fa, fb)
	}
	if v, ok, err := sequenceOp(op, x, y); ok {
		return v, err
	}
	return nil, Errorf("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(x), TypeName(y))
}

func intOp(op string, a, b int64) (Value, error) {
	switch op {
	case "+":
		if sum := a + b; (sum > a) == (b > 0) {
			return sum, nil
		}
		return nil, errRange
	case "-":
		if diff := a - b; (diff < a) == (b > 0) {
			return diff, nil
		}
		return nil, errRange
	case "*":
		return product(a, b)
	case "**":
		return power(a, b)
	}
	if b == 0 {
		return nil, Errorf("ZeroDivisionError", "division by zero")
	}
	switch op {
	case "/":
		return float64(a) / float64(b), nil
	case "//":
		q := a / b
		if (a%b != 0) && ((a < 0) != (b < 0)) {
			q--
		}
		return q, nil
	}
	m := a % b // "%": the sign of the divisor
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}

func product(a, b int64) (Value, error) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return nil, errRange
	}
	return a * b, nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

func power(a, b int64) (Value, error) {
	if b < 0 {
		return floatOp("**", float64(a), float64(b))
	}
	var r Value = int64(1)
	for i := int64(0); i < b && a != 1; i++ {
		if a == 0 {
			return int64(0), nil
		}
		var err error
		if r, err = product(r.(int64), a); err != nil {
			return nil, err
		}
		if a == -1 && i > 0 {
			if b%2 == 0 {
				return int64(1), nil
			}
			return int64(-1), nil
		}
	}
	return r, nil
}

func floatOp(op string, a, b float64) (Value, error) {
	switch op {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	case "**":
		return math.Pow(a, b), nil
	}
	if b == 0 {
		return nil, Errorf("ZeroDivisionError", "float division by zero")
	}
	switch op {
	case "/":
		return a / b, nil
	case "//":
		return math.Floor(a / b), nil
	}
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, nil
}

// maxRepeat bounds what "x" * n makes.
const maxRepeat = 16 << 20

func sequenceOp(op string, x, y Value) (v Value, ok bool, err error) {
	switch op {
	case "+":
		return add(x, y)
	case "*":
		n, isInt := Int(y)
		if !isInt {
			x, y = y, x
			n, isInt = Int(y)
		}
		size, lenErr := Len(x)
		if !isInt || lenErr != nil {
			return nil, false, nil //nolint:nilerr // what has no length is no sequence
		}
		if n > 0 && int64(size) > maxRepeat/n {
			return nil, true, Errorf("MemoryError", "too large a repetition")
		}
		n = max(n, 0)
		switch x := x.(type) {
		case string:
			return strings.Repeat(x, int(n)), true, nil
		case *List:
			return &List{slices.Repeat(x.Items, int(n))}, true, nil
		case Tuple:
			return slices.Repeat(x, int(n)), true, nil
		}
	}
	return nil, false, nil
}

func add(x, y Value) (Value, bool, error) {
	a, isText := Text(x)
	b, isText2 := Text(y)
	if isText && isText2 {
		_, m1 := x.(Markup)
		_, m2 := y.(Markup)
		if m1 || m2 {
			return Escape(x) + Escape(y), true, nil
		}
		return a + b, true, nil
	}
	switch x := x.(type) {
	case *List:
		if y, ok := y.(*List); ok {
			return &List{slices.Concat(x.Items, y.Items)}, true, nil
		}
	case Tuple:
		if y, ok := y.(Tuple); ok {
			return slices.Concat(x, y), true, nil
		}
	}
	return nil, false, nil
}

// like makes the result of a text method on v what v is.
func like(v Value) func(string, error) (Value, error) {
	return func(s string, err error) (Value, error) {
		if err != nil {
			return nil, err
		}
		if _, ok := v.(Markup); ok {
			return Markup(s), nil
		}
		return s, nil
	}
}

// Like gives s the type of v, which is a string or Markup.
func Like(v Value, s string) Value {
	out, _ := like(v)(s, nil)
	return out
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

// Escape escapes text for HTML, unless it is Markup.
func Escape(v Value) Markup {
	if m, ok := v.(Markup); ok {
		return m
	}
	s, _ := Str(v)
	return Markup(escaper.Replace(s))
}

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
func Compare(op string, x, y Value) (int, error) {
	for _, v := range []Value{x, y} {
		if u, ok := v.(Undefined); ok {
			return 0, u.Err()
		}
	}
	m, fx, ix, okX := number(x)
	n, fy, iy, okY := number(y)
	if okX && okY {
		if ix && iy {
			return cmp.Compare(m, n), nil
		}
		return cmp.Compare(fx, fy), nil
	}
	if a, ok := Text(x); ok {
		if b, ok := Text(y); ok {
			return strings.Compare(a, b), nil
		}
	}
	a, b, ok := sequences(x, y)
	if !ok {
		return 0, Errorf("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, TypeName(x), TypeName(y))
	}
	for i := range min(len(a), len(b)) {
		if !Equal(a[i], b[i]) {
			return Compare(op, a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b)), nil
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
type Container interface{ Contains(v Value) (bool, error) }

// Contains is x in y.
func Contains(x, y Value) (bool, error) {
	if c, ok := y.(Container); ok {
		return c.Contains(x)
	}
	if s, ok := Text(y); ok {
		sub, ok := Text(x)
		if !ok {
			return false, Errorf("TypeError", "'in <string>' requires string as left operand, not %s", TypeName(x))
		}
		return strings.Contains(s, sub), nil
	}
	if d, ok := y.(*Dict); ok {
		_, held := d.Get(x)
		return held, nil
	}
	items, err := Items(y)
	if err != nil {
		return false, Errorf("TypeError", "argument of type '%s' is not iterable", TypeName(y))
	}
	return slices.ContainsFunc(items, func(v Value) bool { return Equal(v, x) }), nil
}

// Index is x[i] for positions and keys; false where there is no such item.
func Index(x, i Value) (Value, bool, error) {
	if d, ok := x.(*Dict); ok {
		v, held := d.Get(i)
		return v, held, nil
	}
	n, isInt := Int(i)
	var items []Value
	switch x := x.(type) {
	case string:
		items = chars(x)
	case Markup:
		items = chars(string(x))
	case *List:
		items = x.Items
	case Tuple:
		items = x
	case *Group:
		items = x.tuple()
	case Range:
		items, _ = Items(x)
	default:
		return nil, false, nil
	}
	if !isInt {
		return nil, false, nil
	}
	if n < 0 {
		n += int64(len(items))
	}
	if n < 0 || n >= int64(len(items)) {
		return nil, false, nil
	}
	return items[n], true, nil
}

// Slice is x[start:stop:step]; nil stands for what is left out.
func Slice(x, start, stop, step Value) (Value, error) {
	var items []Value
	switch x := x.(type) {
	case string, Markup:
		items, _ = Items(x)
	case *List:
		items = x.Items
	case Tuple:
		items = x
	case Range:
		items, _ = Items(x)
	case Undefined:
		return nil, x.Err()
	default:
		return nil, Errorf("TypeError", "'%s' object is not subscriptable", TypeName(x))
	}
	picked, err := pick(items, start, stop, step)
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
