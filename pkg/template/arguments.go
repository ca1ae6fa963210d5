package template

import (
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// isParameter reports whether a parameter is a number of a predeclared type: a count,
// width or index. Any number that fits is converted to it.
func isParameter(t reflect.Type) bool {
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && t.PkgPath() == ""
}

// arguments converts the numbers among the arguments of f, and refuses binary text that f
// would change.
func (f function) arguments(args []reflect.Value) ([]reflect.Value, error) {
	types, variadic := f.params()
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = restored(a)
		t := typeOf(types, variadic, i)
		if !isParameter(t) {
			continue
		}
		var err error
		if in[i], err = f.parameter(concrete(in[i]), t); err != nil {
			return nil, funcs.Argument(i, err)
		}
	}
	if !f.Has(funcs.Text | funcs.Walks) {
		return in, nil
	}
	s, err := survey{text: f.Has(funcs.Text)}.of(in...)
	if err == nil && s.binary {
		err = funcs.Problem("its input is not UTF-8 and would be changed: use b64enc")
	}
	return in, err
}

// parameter converts a number to the type of a parameter.
func (f function) parameter(v reflect.Value, t reflect.Type) (reflect.Value, error) {
	var given any
	if v.IsValid() {
		given = v.Interface()
	}
	to := reflect.New(t).Elem()
	if to.CanFloat() {
		n, err := funcs.Float(given)
		to.SetFloat(n)
		return to, err
	}
	n, err := funcs.Count(given)
	switch {
	case err != nil:
		return to, err
	case f.Has(funcs.Positive) && n < 1:
		return to, funcs.Problem("less than 1")
	case to.CanInt() && !to.OverflowInt(n):
		to.SetInt(n)
		return to, nil
	case to.CanUint() && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
		return to, nil
	}
	return to, funcs.Problem(fmt.Sprintf("out of the range of %s", t))
}

// checkResult refuses a result that ends in half a character, as those of trunc and substr
// may.
func (f function) checkResult(out reflect.Value, args []reflect.Value) error {
	out = concrete(out)
	if f.asks || f.Has(funcs.Bytes) || out.Kind() != reflect.String || utf8.ValidString(out.String()) {
		return nil
	}
	if s, err := (survey{text: true}).of(args...); err != nil || s.binary {
		return err
	}
	return funcs.Problem("its result would not be UTF-8: it cuts a character of several bytes in two")
}

// typeOf returns the type of parameter i.
func typeOf(in []reflect.Type, variadic bool, i int) reflect.Type {
	if last := len(in) - 1; variadic && i >= last {
		return in[last].Elem()
	}
	return in[i]
}

func convert(v reflect.Value, t reflect.Type) (reflect.Value, bool) {
	if isParameter(t) {
		return v, true
	}
	if !v.IsValid() {
		switch t.Kind() {
		case reflect.Interface, reflect.Map, reflect.Slice, reflect.Pointer, reflect.Func, reflect.Chan:
			return reflect.Zero(t), true
		}
		return v, false
	}
	switch {
	case v.Type().AssignableTo(t):
		return v, true
	case v.Kind() == reflect.Pointer && !v.IsNil() && v.Type().Elem().AssignableTo(t):
		return v.Elem(), true
	}
	return v, false
}
