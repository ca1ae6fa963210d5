package template

import (
	"reflect"

	"github.com/credrender/credrender/pkg/template/document"
)

// zero replaces a document's number that is zero where text/template tests for truth.
// To text/template a struct is always true and an empty list never is; the number is
// kept behind the end of the list.
type zero []document.Number

func (z zero) number() document.Number { return z[:1][0] }

// String returns the number as it was written.
func (z zero) String() string { return z.number().String() }

// numberIn returns a document's number that v holds.
func numberIn(v reflect.Value) (n document.Number, ok bool) {
	if v = concrete(v); v.IsValid() && v.CanInterface() {
		n, ok = v.Interface().(document.Number)
	}
	return n, ok
}

// truth returns v, or a [zero] if v is a document's number that is zero.
func truth(v reflect.Value) reflect.Value {
	if n, ok := numberIn(v); ok && n.IsZero() {
		return reflect.ValueOf(zero{n}[:0])
	}
	return v
}

// restored undoes truth.
func restored(v reflect.Value) reflect.Value {
	if c := concrete(v); c.IsValid() && c.Type() == reflect.TypeFor[zero]() {
		return reflect.ValueOf(c.Interface().(zero).number())
	}
	return v
}

// pend returns an argument of or. An unknown one must end the or, so it becomes a map
// that is not empty.
func pend(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return truthy()
	}
	return truth(v)
}

// logicResult undoes pend and truth.
func logicResult(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return unknownValue()
	}
	return restored(v)
}
