package funcs

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// operand returns what to format in place of v, which may be a list or map of what
// fits.
func operand(verb rune, v any) (any, error) {
	misfit := Problem(fmt.Sprintf("%%%c does not fit %s; use %%v", verb, described(v)))
	if n, ok := v.(document.Number); ok && verb != 'U' && verb != 'c' {
		if !n.Fits(verb) {
			return nil, misfit
		}
		return n, nil
	}
	x := reflect.ValueOf(v)
	if isText(v) && (x.Kind() != reflect.Slice || verb != 'v') {
		switch {
		case !strings.ContainsRune("vsqxX", verb):
			return nil, misfit
		case verb == 'q' && !utf8.ValidString(fmt.Sprint(stringOf(v))):
			return nil, Problem("the value is not UTF-8, which %q would change: use b64enc")
		}
		return v, nil
	}
	switch {
	case x.CanInt(), x.CanUint(), x.CanFloat():
		return numberOperand(verb, v, misfit)
	case x.Kind() == reflect.Bool:
		if verb != 't' && verb != 'v' {
			return nil, misfit
		}
		return v, nil
	case x.Kind() == reflect.Slice, x.Kind() == reflect.Array, x.Kind() == reflect.Map:
		return leaves(verb, x)
	case verb != 'v':
		return nil, misfit
	}
	return v, nil
}

func isText(v any) bool {
	switch v.(type) {
	case string, []byte, error, fmt.Stringer:
		return true
	}
	return reflect.ValueOf(v).Kind() == reflect.String
}

func stringOf(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}

func numberOperand(verb rune, v any, misfit error) (any, error) {
	if verb == 'v' {
		return Plain(v), nil
	}
	r, ok := rational(v)
	switch {
	case !ok: // infinite
		return v, nil
	case strings.ContainsRune("dxXobO", verb) && r.IsInt():
		return new(big.Int).Set(r.Num()), nil
	case strings.ContainsRune("cU", verb) && r.IsInt():
		if i := r.Num(); i.IsInt64() && utf8.ValidRune(rune(i.Int64())) && int64(rune(i.Int64())) == i.Int64() {
			return rune(i.Int64()), nil
		}
	case strings.ContainsRune("feEgGF", verb):
		if r.IsInt() {
			return new(big.Float).SetPrec(uint(max(64, r.Num().BitLen()))).SetInt(r.Num()), nil
		}
		return Float(v)
	}
	return nil, misfit
}

// leaves returns a list or map with what to format in place of its elements.
func leaves(verb rune, x reflect.Value) (any, error) {
	return mapped(x, func(v any) (any, error) {
		if v == nil {
			return nil, Problem("nil inside a list or map has no text; use toJson")
		}
		return operand(verb, v)
	})
}

// mapped returns a list or map with what f returns for its elements, and keys.
func mapped(x reflect.Value, f func(any) (any, error)) (any, error) {
	var err error
	if x.Kind() == reflect.Map {
		m := make(map[any]any, x.Len())
		for it := x.MapRange(); it.Next(); {
			key, keyErr := f(it.Key().Interface())
			if keyErr != nil {
				return nil, keyErr
			}
			if m[key], err = f(it.Value().Interface()); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	list := make([]any, x.Len())
	for i := range list {
		if list[i], err = f(x.Index(i).Interface()); err != nil {
			return nil, err
		}
	}
	return list, nil
}
