package funcs

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// operand returns what to format in place of v, which a verb must fit.
func operand(verb rune, v any) (any, error) {
	misfit := Problem(fmt.Sprintf("%%%c does not fit %s; use %%v", verb, described(v)))
	if x := reflect.ValueOf(v); !x.IsValid() || !x.CanFloat() {
		var err error
		if v, err = Scalar(v); err != nil {
			return nil, err
		}
	}
	if n, ok := v.(document.Number); ok && verb != 'U' && verb != 'c' {
		if !n.Fits(verb) {
			return nil, misfit
		}
		return n, nil
	}
	x := reflect.ValueOf(v)
	switch {
	case isText(v):
		switch {
		case !strings.ContainsRune("vsqxX", verb):
			return nil, misfit
		case verb == 'q' && !utf8.ValidString(fmt.Sprint(v)):
			return nil, Problem("the value is not UTF-8, which %q would change: use b64enc")
		}
	case x.CanInt(), x.CanUint(), x.CanFloat():
		return numberOperand(verb, v, misfit)
	case x.Kind() == reflect.Bool:
		if verb != 't' && verb != 'v' {
			return nil, misfit
		}
	case verb != 'v':
		return nil, misfit
	}
	return v, nil
}

func isText(v any) bool {
	switch v.(type) {
	case error, fmt.Stringer:
		return true
	}
	return reflect.ValueOf(v).Kind() == reflect.String
}

func numberOperand(verb rune, v any, misfit error) (any, error) {
	if verb == 'v' {
		return Plain(v), nil
	}
	r, ok := rational(v)
	switch {
	case !ok: // infinite
		return v, nil
	case strings.ContainsRune("cU", verb) && r.IsInt():
		if i := r.Num(); i.IsInt64() && utf8.ValidRune(rune(i.Int64())) && int64(rune(i.Int64())) == i.Int64() {
			return rune(i.Int64()), nil
		}
	}
	if n, fits := document.Operand(r, verb); fits {
		return n, nil
	}
	return nil, misfit
}
