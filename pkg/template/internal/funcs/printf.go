package funcs

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/document"
)

// printf is fmt's, less what it writes into the output where a verb does not fit:
// %!s(int=5), %!d(MISSING), %!(EXTRA ...). It formats directive by directive, so
// that a % in a value is only text.
func printf(format string, args ...any) (string, error) {
	p := &directives{args: args}
	for {
		text, rest, found := strings.Cut(format, "%")
		p.out.WriteString(text)
		if !found {
			break
		}
		var err error
		if format, err = p.directive(rest); err != nil {
			return "", err
		}
	}
	if !p.indexed && p.next < len(args) {
		return "", Problem(fmt.Sprintf("it has %d arguments and verbs for %d", len(args), p.next))
	}
	return p.out.String(), nil
}

// Verbs returns how many arguments a format has verbs for. ok is false where it
// chooses its arguments by index or is no format.
func Verbs(format string) (n int, ok bool) {
	for {
		_, rest, found := strings.Cut(format, "%")
		if !found {
			return n, true
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("+-# 0123456789.*", r) })
		if end < 0 || rest[end] == '[' {
			return 0, false
		}
		n += strings.Count(rest[:end], "*")
		if rest[end] != '%' {
			n++
		}
		_, size := utf8.DecodeRuneInString(rest[end:])
		format = rest[end+size:]
	}
}

type directives struct {
	out     strings.Builder
	args    []any
	next    int
	indexed bool
}

// maxWidth is fmt's own limit.
const maxWidth = 1_000_000

// directive formats what follows a %, and returns the rest of the format.
func (p *directives) directive(s string) (rest string, err error) {
	flags := len(s) - len(strings.TrimLeft(s, "+-# 0"))
	spec := "%" + s[:flags]
	s = s[flags:]
	width, s, err := p.number(s)
	if err != nil {
		return "", err
	}
	spec += width
	if after, ok := strings.CutPrefix(s, "."); ok {
		precision, after, err := p.number(after)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(precision, "-") {
			return "", Problem("the value for * is not a precision")
		}
		spec, s = spec+"."+precision, after
	}
	if s, err = p.index(s); err != nil {
		return "", err
	}
	verb, size := utf8.DecodeRuneInString(s)
	switch {
	case size == 0:
		return "", Problem("its format ends after a %; write %% for a percent sign")
	case verb == '%':
		if spec != "%" {
			return "", Problem("%% takes no flags")
		}
		p.out.WriteByte('%')
		return s[size:], nil
	}
	v, err := p.arg(verb)
	if err != nil {
		return "", err
	}
	if verb == 'T' {
		verb, v = 's', typeName(v)
	}
	v, err = operand(verb, v)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(&p.out, spec+string(verb), v)
	return s[size:], err
}

// number reads a width or precision: digits, or * for an argument.
func (p *directives) number(s string) (digits, rest string, err error) {
	if s, err = p.index(s); err != nil {
		return "", "", err
	}
	if rest, ok := strings.CutPrefix(s, "*"); ok {
		v, err := p.arg('*')
		if err != nil {
			return "", "", err
		}
		n, err := Count(v)
		if err != nil || n < -maxWidth || n > maxWidth {
			return "", "", Problem("the value for * is not a width")
		}
		return strconv.FormatInt(n, 10), rest, nil
	}
	n := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if n > 6 {
		return "", "", Problem("a width is too large")
	}
	return s[:n], s[n:], nil
}

// index reads [n], which makes argument n the next.
func (p *directives) index(s string) (rest string, err error) {
	if !strings.HasPrefix(s, "[") {
		return s, nil
	}
	number, rest, ok := strings.Cut(s[1:], "]")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > len(p.args) {
		return "", Problem("its format has an index in [] that no argument has")
	}
	p.next, p.indexed = n-1, true
	return rest, nil
}

func (p *directives) arg(verb rune) (any, error) {
	if p.next >= len(p.args) {
		return nil, Problem(fmt.Sprintf("there is no argument for %%%c", verb))
	}
	p.next++
	v := p.args[p.next-1]
	if v == nil {
		return nil, Argument(p.next, Problem(`no value; give one with: default "" X`))
	}
	return v, nil
}

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
