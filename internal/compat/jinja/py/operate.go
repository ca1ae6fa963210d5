package py

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// number returns v as a number. A bool is an int.
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

// ErrRange is the error for an integer beyond 64 bits, which Python has.
var ErrRange = &Error{"OverflowError", "a number needs more than 64 bits"}

// Operate is x op y for an arithmetic operator.
func Operate(op string, x, y Value) Value {
	for _, v := range []Value{x, y} {
		if u, ok := v.(Undefined); ok {
			panic(failure{u.Err()})
		}
	}
	if s, ok := Text(x); ok && op == "%" {
		return Like(x, Percent(s, y))
	}
	a, fa, intA, okA := number(x)
	b, fb, intB, okB := number(y)
	if okA && okB {
		if intA && intB {
			return intOp(op, a, b)
		}
		return floatOp(op, fa, fb)
	}
	if v, ok := sequenceOp(op, x, y); ok {
		return v
	}
	panic(failed("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(x), TypeName(y)))
}

func intOp(op string, a, b int64) Value {
	switch op {
	case "+":
		if sum := a + b; (sum > a) == (b > 0) {
			return sum
		}
		panic(failure{ErrRange})
	case "-":
		if diff := a - b; (diff < a) == (b > 0) {
			return diff
		}
		panic(failure{ErrRange})
	case "*":
		return product(a, b)
	case "**":
		return power(a, b)
	}
	if b == 0 {
		panic(failed("ZeroDivisionError", "division by zero"))
	}
	switch op {
	case "/":
		return float64(a) / float64(b)
	case "//":
		q := a / b
		if (a%b != 0) && ((a < 0) != (b < 0)) {
			q--
		}
		return q
	}
	m := a % b // "%": the sign of the divisor
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m
}

func product(a, b int64) Value {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		panic(failure{ErrRange})
	}
	return a * b
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

func power(a, b int64) Value {
	if b < 0 {
		return floatOp("**", float64(a), float64(b))
	}
	var r Value = int64(1)
	for i := int64(0); i < b && a != 1; i++ {
		if a == 0 {
			return int64(0)
		}
		r = product(r.(int64), a)
		if a == -1 && i > 0 {
			if b%2 == 0 {
				return int64(1)
			}
			return int64(-1)
		}
	}
	return r
}

func floatOp(op string, a, b float64) Value {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "**":
		return math.Pow(a, b)
	}
	if b == 0 {
		panic(failed("ZeroDivisionError", "float division by zero"))
	}
	switch op {
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	}
	m := math.Mod(a, b)
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m
}

// maxRepeat bounds the result of "x" * n.
const maxRepeat = 16 << 20

func sequenceOp(op string, x, y Value) (v Value, ok bool) {
	switch op {
	case "+":
		return add(x, y)
	case "*":
		n, isInt := Int(y)
		if !isInt {
			x, y = y, x
			n, isInt = Int(y)
		}
		size, err := Caught(func() int { return Len(x) })
		if !isInt || err != nil { // what has no length is no sequence
			return nil, false
		}
		if n > 0 && int64(size) > maxRepeat/n {
			panic(failed("MemoryError", "too large a repetition"))
		}
		n = max(n, 0)
		switch x := x.(type) {
		case string:
			return strings.Repeat(x, int(n)), true
		case *List:
			return &List{slices.Repeat(x.Items, int(n))}, true
		case Tuple:
			return slices.Repeat(x, int(n)), true
		}
	}
	return nil, false
}

func add(x, y Value) (Value, bool) {
	a, isText := Text(x)
	b, isText2 := Text(y)
	if isText && isText2 {
		_, m1 := x.(Markup)
		_, m2 := y.(Markup)
		if m1 || m2 {
			return Escape(x) + Escape(y), true
		}
		return a + b, true
	}
	switch x := x.(type) {
	case *List:
		if y, ok := y.(*List); ok {
			return &List{slices.Concat(x.Items, y.Items)}, true
		}
	case Tuple:
		if y, ok := y.(Tuple); ok {
			return slices.Concat(x, y), true
		}
	}
	return nil, false
}
