package funcs

import (
	"fmt"
	"reflect"
)

// index is text/template's, which it does not export. It takes a count of any number
// type.
func index(item any, indexes ...any) (any, error) {
	v := reflect.ValueOf(item)
	for i, at := range indexes {
		v = indirect(v)
		switch v.Kind() {
		case reflect.String, reflect.Slice, reflect.Array:
			n, err := Count(at)
			if err != nil {
				return nil, Argument(i+1, err)
			}
			if n < 0 || n >= int64(v.Len()) {
				return nil, &Failure{Text: fmt.Sprintf("index out of range: %d", n), Safe: "an index is out of range"}
			}
			v = v.Index(int(n))
		case reflect.Map:
			key := reflect.ValueOf(at)
			if !key.IsValid() || !key.Type().AssignableTo(v.Type().Key()) {
				return nil, Argument(i+1, Problem(described(at)+", and the keys of the map are of type "+v.Type().Key().String()))
			}
			if found := v.MapIndex(key); found.IsValid() {
				v = found
			} else {
				v = reflect.Zero(v.Type().Elem())
			}
		case reflect.Invalid:
			return nil, Problem("index of nil (a missing key?)")
		default:
			return nil, Problem("it cannot index " + described(v.Interface()))
		}
	}
	if !v.IsValid() {
		return nil, nil
	}
	return v.Interface(), nil
}

// length is text/template's len.
func length(item any) (int, error) {
	switch v := indirect(reflect.ValueOf(item)); v.Kind() {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
		return v.Len(), nil
	case reflect.Invalid:
		return 0, Problem("len of nil (a missing key?)")
	default:
		return 0, Problem(described(v.Interface()) + " has no length")
	}
}

func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}
