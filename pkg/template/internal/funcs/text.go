package funcs

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// textOf returns the text of a scalar. Sprig's gives "<nil>" for nil and Go's
// notation for lists and maps.
func textOf(v any) (string, error) {
	v, err := Scalar(v)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(v), nil
}

// Scalar returns v as fmt prints it: bytes as a string, what a pointer points to,
// and floats with the digits that toJson writes. Nil has no text, and neither have
// lists, maps and structs: fmt prints Go's notation for them, which no config file
// can hold.
func Scalar(v any) (any, error) {
	x := reflect.ValueOf(v)
	if !x.IsValid() || x.Kind() == reflect.Pointer && x.IsNil() {
		return nil, Problem(`no value; give one with: default "" X`)
	}
	switch v := v.(type) {
	case []byte:
		return string(v), nil
	case error, fmt.Stringer:
		return v, nil
	}
	switch x.Kind() {
	case reflect.Pointer:
		return Scalar(x.Elem().Interface())
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		return nil, Problem(Composite(described(v)))
	case reflect.Func, reflect.Chan:
		return nil, Problem(described(v) + ", which has no text")
	}
	return Plain(v), nil
}

// Composite is why a value has no text, and what to do about it.
func Composite(described string) string {
	return described + ", which has no text of its own: use toJson or toYaml, or range or join \",\" for a list"
}

// Plain returns what prints v with the digits that toJson writes: 1000000 and not
// 1e+06.
func Plain(v any) any {
	x := reflect.ValueOf(v)
	switch {
	case x.Kind() == reflect.Map, x.Kind() == reflect.Slice:
		if holdsFloat(x) {
			return mapped(x, Plain)
		}
	case x.IsValid() && x.CanFloat() && x.Type().PkgPath() == "":
		if n, ok := document.FromFloat(x.Float()); ok {
			return n
		}
	}
	return v
}

// mapped returns a list or map with what f returns for its elements.
func mapped(x reflect.Value, f func(any) any) any {
	if x.Kind() == reflect.Map {
		m := make(map[any]any, x.Len())
		for it := x.MapRange(); it.Next(); {
			m[f(it.Key().Interface())] = f(it.Value().Interface())
		}
		return m
	}
	list := make([]any, x.Len())
	for i := range list {
		list[i] = f(x.Index(i).Interface())
	}
	return list
}

// holdsFloat reports whether a list or map holds a float64 at any depth.
func holdsFloat(x reflect.Value) bool {
	for x.Kind() == reflect.Interface {
		x = x.Elem()
	}
	switch x.Kind() {
	case reflect.Float32, reflect.Float64:
		return true
	case reflect.Slice, reflect.Map:
		switch x.Type().Elem().Kind() {
		case reflect.String, reflect.Int, reflect.Uint8:
			return false
		}
		for e := range document.Elements(x) {
			if holdsFloat(e) {
				return true
			}
		}
	}
	return false
}

func texts(values []any) ([]string, error) {
	all := make([]string, len(values))
	for i, v := range values {
		s, err := textOf(v)
		if err != nil {
			return nil, Argument(i, err)
		}
		all[i] = s
	}
	return all, nil
}

// listed returns the texts of a list, or of one value.
func listed(v any) ([]string, error) {
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.Slice, reflect.Array:
		if _, isText := v.([]byte); isText {
			break
		}
		all, err := items(v)
		if err != nil {
			return nil, err
		}
		list := make([]string, len(all))
		for i, e := range all {
			if list[i], err = textOf(e); err != nil {
				f := err.(*Failure)
				return nil, Problem(fmt.Sprintf("element %d is %s", i, f.Safe))
			}
		}
		return list, nil
	}
	s, err := toString(v)
	return []string{s}, err
}

func quote(values ...any) (string, error) {
	all, err := texts(values)
	for i, s := range all {
		all[i] = strconv.Quote(s)
	}
	return strings.Join(all, " "), err
}

// squote refuses a single quote, which no language but its own escapes.
func squote(values ...any) (string, error) {
	all, err := texts(values)
	for i, s := range all {
		if strings.Contains(s, "'") {
			return "", Problem("the value contains a single quote, which squote does not escape: use shellquote, quote or toJson")
		}
		all[i] = "'" + s + "'"
	}
	return strings.Join(all, " "), err
}

func cat(values ...any) (string, error) {
	all, err := texts(values)
	return strings.Join(all, " "), err
}

func toString(v any) (string, error) {
	s, err := textOf(v)
	if err != nil {
		return "", Argument(0, err)
	}
	return s, nil
}

func join(sep string, list any) (string, error) {
	all, err := listed(list)
	if err != nil {
		return "", err
	}
	if err := fits(len(all), len(sep)); err != nil {
		return "", err
	}
	return strings.Join(all, sep), nil
}

func sortAlpha(list any) ([]string, error) {
	all, err := listed(list)
	slices.Sort(all)
	return all, err
}

// abbreviated refuses a width at which Sprig's returns the whole text.
func abbreviated(width, least int, s string) error {
	if width < least && len(s) > width {
		return Problem(fmt.Sprintf("the width is %d at least", least))
	}
	return nil
}

func overAbbrev(own any) any {
	return func(width int, s string) (string, error) {
		return own.(func(int, string) string)(width, s), abbreviated(width, 4, s)
	}
}

func overAbbrevBoth(own any) any {
	return func(left, right int, s string) (string, error) {
		least := 4
		if left > 0 {
			least = 7
		}
		return own.(func(int, int, string) string)(left, right, s), abbreviated(right, least, s)
	}
}

// overPath refuses an empty path, of which Go makes "."
func overPath(own any) any {
	return func(path string) (string, error) {
		if path == "" {
			return "", Problem("its path is empty")
		}
		return own.(func(string) string)(path), nil
	}
}

// initials returns the first character of each word.
func initials(s string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(s) {
		first, _ := utf8.DecodeRuneInString(word)
		b.WriteRune(first)
	}
	return b.String()
}
