package template

import (
	"reflect"

	"github.com/credrender/credrender/pkg/template/document"
	"github.com/credrender/credrender/pkg/template/internal/funcs"
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

// fieldOf returns a field of nested maps: nil where one is missing, unknown in something
// unknown.
func fieldOf(v reflect.Value, path ...string) (reflect.Value, error) {
	missing := reflect.Zero(reflect.TypeFor[any]())
	for _, name := range path {
		v = concrete(v)
		switch {
		case isUnknown(v):
			return v, nil
		case !v.IsValid():
			return missing, nil
		case v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String:
			return v, &callError{err: funcs.Problem("can't evaluate field " + name + " in type " + v.Type().String())}
		}
		if v = v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())); !v.IsValid() {
			return missing, nil
		}
	}
	return v, nil
}
