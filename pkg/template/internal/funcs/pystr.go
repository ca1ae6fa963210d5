package funcs

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// pyStr returns what Python's str() makes of a text, a number, true or false, for
// templates that were Jinja2's. A list or a dict, which Python writes in its own
// notation, and nothing are refused.
func pyStr(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return map[bool]string{true: "True", false: "False"}[v], nil
	case int, int64:
		return fmt.Sprint(v), nil
	case float64:
		return pyFloat(v), nil
	case document.Number:
		if v.IsInteger() {
			return v.String(), nil
		}
		f, err := strconv.ParseFloat(v.String(), 64)
		return pyFloat(f), err
	case nil:
		return "", fmt.Errorf("nothing is not a text, a number, true or false")
	}
	return "", fmt.Errorf("a %T is not a text, a number, true or false", v)
}

// pyFloat is the shortest text that reads back the same, as Python writes it:
// https://docs.python.org/3/library/functions.html#repr of a float.
func pyFloat(f float64) string {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pyStrs is [pyStr] of each item of a list.
func pyStrs(v any) ([]string, error) {
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice && list.Kind() != reflect.Array {
		return nil, fmt.Errorf("a %T is not a list", v)
	}
	all := make([]string, list.Len())
	for i := range all {
		var err error
		if all[i], err = pyStr(list.Index(i).Interface()); err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
	}
	return all, nil
}

// pyLen is Python's len(): of a text it counts characters, where len counts bytes.
func pyLen(v any) (int, error) {
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.String:
		return utf8.RuneCountInString(x.String()), nil
	case reflect.Slice, reflect.Array, reflect.Map:
		return x.Len(), nil
	}
	return 0, fmt.Errorf("a %T is not a text, a list or a dict", v)
}
