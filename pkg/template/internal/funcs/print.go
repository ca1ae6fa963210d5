package funcs

import (
	"fmt"
	"strings"
	"text/template"
	"unicode"
)

// printed prints values with f.
func printed(f func(...any) string, values []any) (string, error) {
	all := make([]any, len(values))
	for i, v := range values {
		var err error
		if all[i], err = Scalar(v); err != nil {
			return "", Argument(i, err)
		}
	}
	return f(all...), nil
}

func print(values ...any) (string, error)    { return printed(fmt.Sprint, values) }
func println(values ...any) (string, error)  { return printed(fmt.Sprintln, values) }
func urlquery(values ...any) (string, error) { return printed(template.URLQueryEscaper, values) }

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
