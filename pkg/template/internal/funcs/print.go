package funcs

import (
	"fmt"
	"strings"
	"text/template"
	"unicode"
)

// printed returns what fmt prints of the arguments.
func printed(values []any) ([]any, error) {
	all := make([]any, len(values))
	for i, v := range values {
		var err error
		if all[i], err = Scalar(v); err != nil {
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
		return "", Problem("the value contains a zero byte, which HTML cannot contain")
	}
	return template.HTMLEscapeString(s), err
}

// js refuses characters that text/template's writes with five hex digits, of which
// JavaScript reads four.
func js(values ...any) (string, error) {
	s, err := print(values...)
	if strings.ContainsFunc(s, func(r rune) bool { return r > 0xffff && !unicode.IsPrint(r) }) {
		return "", Problem("the value contains a character that js cannot escape: use toJson")
	}
	return template.JSEscapeString(s), err
}
