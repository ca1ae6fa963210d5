package template

import (
	"reflect"

	"github.com/credrender/credrender/pkg/template/document"
)

// zero stands for a document's number that is zero where truth is asked for. A
// struct is always true to text/template, and an empty list never is: the number
// is kept behind its end.
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

// truth returns v, or what stands for it if it is a document's zero.
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

// pend is an argument of or: one that is unknown must end it, so it is given
// as a map that is not empty.
func pend(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return truthy()
	}
	return truth(v)
}

// settle undoes pend and truth.
func settle(v reflect.Value) reflect.Value {
	if isUnknown(concrete(v)) {
		return unknownValue()
	}
	return restored(v)
}
