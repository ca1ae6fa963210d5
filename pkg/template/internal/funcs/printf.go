package funcs

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
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
