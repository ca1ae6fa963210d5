package funcs

import (
	"fmt"
	"reflect"
	"strings"
	"text/template"
	"unicode"
)

// printed makes nil an error for the functions that print their arguments, and
// gives floats the digits that all else gives them.
func printed(values []any) ([]any, error) {
	all := make([]any, len(values))
	for i, v := range values {
		if x := reflect.ValueOf(v); !x.IsValid() || x.Kind() == reflect.Pointer && x.IsNil() {
			return nil, Argument(i, Problem(`no value; give one with: default "" X`))
		}
		var err error
		if all[i], err = operand('v', v); err != nil {
			return nil, Argument(i, err)
		}
	}
	return all, nil
}

func printer(f func(...any) string) func(...any) (string, error) {
	return func(values ...any) (string, error) {
		all, err := printed(values)
		if err != nil {
			return "", err
		}
		return f(all...), nil
	}
}

func print(values ...any) (string, error)    { return printer(fmt.Sprint)(values...) }
func println(values ...any) (string, error)  { return printer(fmt.Sprintln)(values...) }
func urlquery(values ...any) (string, error) { return printer(template.URLQueryEscaper)(values...) }

// html refuses a zero byte, which HTML cannot hold: text/template's writes
// U+FFFD for it.
func html(values ...any) (string, error) {
	s, err := print(values...)
	if err == nil && strings.ContainsRune(s, 0) {
		return "", Problem("the value holds a zero byte, which HTML cannot hold")
	}
	return template.HTMLEscapeString(s), err
}

// js refuses characters that text/template's writes with five hex digits, of which
// JavaScript reads four.
func js(values ...any) (string, error) {
	s, err := print(values...)
	if strings.ContainsFunc(s, func(r rune) bool { return r > 0xffff && !unicode.IsPrint(r) }) {
		return "", Problem("the value holds a character that js cannot escape: use toJson")
	}
	return template.JSEscapeString(s), err
}
