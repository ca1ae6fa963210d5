package funcs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"github.com/credrender/credrender/pkg/template/document"
)

// kindName is the kind of a value as kindOf tells it. What a document's number
// is called does not depend on its length.
func kindName(v any) string {
	if n, ok := v.(document.Number); ok {
		if n.IsInteger() {
			return "int"
		}
		return "float64"
	}
	return reflect.ValueOf(v).Kind().String()
}

// described is the kind of a value, for messages: "a string", "an int", "nil".
func described(v any) string {
	switch kind := kindName(v); {
	case v == nil:
		return "nil"
	case strings.ContainsAny(kind[:1], "aeiou") && kind[:2] != "ui":
		return "an " + kind
	default:
		return "a " + kind
	}
}

func typeName(v any) string {
	if _, ok := v.(document.Number); ok {
		return kindName(v)
	}
	return fmt.Sprintf("%T", v)
}

// kindIs refuses a kind that nothing has: it would be false for ever.
func kindIs(kind string, v any) (bool, error) {
	known := kind == "invalid"
	for k := reflect.Bool; k <= reflect.UnsafePointer; k++ {
		known = known || kind == k.String()
	}
	if !known {
		return false, &Failure{Text: fmt.Sprintf("no such kind: %q: use string, int, float64, bool, map, slice, invalid (nil) and so on", kind),
			Safe: "no such kind: use string, int, float64, bool, map, slice, invalid (nil) and so on"}
	}
	return kindName(v) == kind, nil
}

func typeIs(name string, v any) bool { return typeName(v) == name }

func typeIsLike(name string, v any) bool { return typeName(v) == name || typeName(v) == "*"+name }

// isEmpty is Sprig's empty, to which zero is empty, in any notation.
func isEmpty(v any) bool {
	if n, ok := v.(document.Number); ok {
		return n.IsZero()
	}
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Array, reflect.Slice, reflect.Map, reflect.String:
		return x.Len() == 0
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Pointer, reflect.UnsafePointer:
		return x.IsNil()
	case reflect.Struct:
		return false
	default:
		return x.IsZero()
	}
}

func defaultTo(instead any, given ...any) any {
	if len(given) == 0 || isEmpty(given[0]) {
		return instead
	}
	return given[0]
}

func coalesce(values ...any) any {
	for _, v := range values {
		if !isEmpty(v) {
			return v
		}
	}
	return nil
}

func all(values ...any) bool { return !slices.ContainsFunc(values, isEmpty) }

func anyOf(values ...any) bool {
	return slices.ContainsFunc(values, func(v any) bool { return !isEmpty(v) })
}

func not(v any) bool {
	if n, ok := v.(document.Number); ok {
		return n.IsZero()
	}
	truth, _ := template.IsTrue(v)
	return !truth
}

// same is reflect.DeepEqual, to which numbers of equal value are equal.
func same(a, b any) bool {
	if isNumeric(a) || isNumeric(b) {
		x, ok := rational(a)
		y, too := rational(b)
		if ok && too {
			return x.Cmp(y) == 0
		}
		return reflect.DeepEqual(a, b)
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch {
	case x.Kind() != y.Kind():
		return false
	case x.Kind() == reflect.Slice:
		if x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			if !same(x.Index(i).Interface(), y.Index(i).Interface()) {
				return false
			}
		}
		return true
	case x.Kind() == reflect.Map && x.Type() == y.Type():
		if x.Len() != y.Len() {
			return false
		}
		for it := x.MapRange(); it.Next(); {
			other := y.MapIndex(it.Key())
			if !other.IsValid() || !same(it.Value().Interface(), other.Interface()) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// equal is text/template's eq for two values, to which numbers of equal value are
// equal whatever their type.
func equal(a, b any) (bool, error) {
	if isNumeric(a) && isNumeric(b) {
		return same(a, b), nil
	}
	if a == nil || b == nil {
		return a == nil && b == nil, nil
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch {
	case x.Kind() == reflect.String && y.Kind() == reflect.String:
		return x.String() == y.String(), nil
	case x.Kind() == reflect.Bool && y.Kind() == reflect.Bool:
		return x.Bool() == y.Bool(), nil
	case isNil(x) || isNil(y):
		return isNil(x) && isNil(y), nil
	case x.Type() != y.Type():
		return false, incomparable(a, b)
	case !x.Comparable():
		return false, Problem("cannot compare " + described(a) + "; use deepEqual")
	}
	return a == b, nil
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}

func incomparable(a, b any) error {
	advice := ""
	for _, pair := range [][2]any{{a, b}, {b, a}} {
		if _, ok := pair[0].(string); ok && isNumeric(pair[1]) {
			advice = "; use int or toString first"
		}
	}
	return Problem("cannot compare " + described(a) + " with " + described(b) + advice)
}

func eq(a any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, Problem("it needs another value to compare with")
	}
	for _, b := range others {
		if yes, err := equal(a, b); yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}

func ne(a, b any) (bool, error) {
	yes, err := equal(a, b)
	return !yes && err == nil, err
}

// order compares numbers by value, and strings.
func order(a, b any) (int, error) {
	x, ok := rational(a)
	y, too := rational(b)
	if ok && too {
		return x.Cmp(y), nil
	}
	s, ok := a.(string)
	t, too := b.(string)
	if ok && too {
		return strings.Compare(s, t), nil
	}
	return 0, incomparable(a, b)
}

func lt(a, b any) (bool, error) { c, err := order(a, b); return c < 0 && err == nil, err }
func le(a, b any) (bool, error) { c, err := order(a, b); return c <= 0 && err == nil, err }
func gt(a, b any) (bool, error) { c, err := order(a, b); return c > 0 && err == nil, err }
func ge(a, b any) (bool, error) { c, err := order(a, b); return c >= 0 && err == nil, err }
