package secretfile

import (
	"bytes"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/credrender/credrender/pkg/source"
)

// The reader takes names and literal values, which is all of HCL's syntax that a file of
// values can have here
// (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md). HashiCorp's own parser
// makes the constants of an evaluator at each start of the program, and is 2 MB of it. A
// fuzz test compares the values with those that it reads.

// parseTfvars reads lines NAME = VALUE. No message quotes the file.
func parseTfvars(data []byte) ([]Entry, error) {
	if !utf8.Valid(data) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	r := tfvars{rest: strings.TrimPrefix(string(data), "\ufeff"), line: 1}
	seen := map[string]bool{}
	var entries []Entry
	for {
		r.skip(true)
		if r.rest == "" {
			return entries, nil
		}
		line := r.line
		name, err := r.name()
		if err == nil && seen[name] {
			err = errTfvars
		}
		if err != nil {
			return nil, &SyntaxError{line, err.Error()}
		}
		seen[name] = true
		value, err := r.value()
		if err != nil {
			if err != errTfvars { //nolint:errorlint // its own
				err = errors.New(source.Show(name) + ": " + err.Error())
			}
			return nil, &SyntaxError{line, err.Error()}
		}
		entries = append(entries, entry(name, norm.NFC.String(value), line)) // as Terraform does
	}
}

var (
	errTfvars     = errors.New("not valid in a .tfvars file")
	errExpression = errors.New("an expression, not a value")
)

// tfvars is a file that is being read.
type tfvars struct {
	rest string
	line int
}

// take removes the next n bytes and returns them.
func (r *tfvars) take(n int) string {
	s := r.rest[:n]
	r.rest = r.rest[n:]
	r.line += strings.Count(s, "\n")
	return s
}

// skip removes blanks and comments, with newlines those too, and reports whether a line has
// ended.
func (r *tfvars) skip(newlines bool) (ended bool) {
	for {
		switch s := r.rest; {
		case s == "":
			return true
		case s[0] == ' ' || s[0] == '\t':
			r.take(1)
		case s[0] == '#', strings.HasPrefix(s, "//"):
			end := strings.IndexByte(s, '\n')
			if end < 0 {
				end = len(s)
			}
			r.take(end)
		case strings.HasPrefix(s, "/*"):
			end := strings.Index(s[2:], "*/")
			if end < 0 {
				return false
			}
			r.take(2 + end + 2)
		case s[0] == '\n' || strings.HasPrefix(s, "\r\n"):
			if !newlines {
				return true
			}
			r.take(1)
		default:
			return false
		}
	}
}

// word removes an identifier, which may be "".
func (r *tfvars) word() string {
	end := strings.IndexFunc(r.rest, func(c rune) bool {
		return c != '_' && c != '-' && !unicode.In(c, unicode.L, unicode.Nl, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc)
	})
	if end < 0 {
		end = len(r.rest)
	}
	if first, _ := utf8.DecodeRuneInString(r.rest); first != '_' && !unicode.In(first, unicode.L, unicode.Nl) {
		return ""
	}
	return r.take(end)
}

// name removes NAME and the sign behind it.
func (r *tfvars) name() (string, error) {
	name := r.word()
	if name == "" {
		return "", errTfvars
	}
	r.skip(false)
	switch {
	case strings.HasPrefix(r.rest, "="):
		if r.take(1); strings.HasPrefix(r.rest, "=") || strings.HasPrefix(r.rest, ">") {
			return "", errTfvars
		}
		return name, nil
	case strings.HasPrefix(r.rest, "{"), strings.HasPrefix(r.rest, `"`):
		return "", errors.New("a block: a file has lines NAME = VALUE")
	}
	return "", errTfvars
}

// value removes VALUE and the end of its line.
func (r *tfvars) value() (string, error) {
	r.skip(false)
	value, err := r.literal()
	switch {
	case err != nil:
		return "", err
	case r.skip(false):
		return value, nil
	case strings.ContainsAny(r.rest[:1], "+-*/%<>=!&|?.[("): // an operator follows
		return "", errExpression
	}
	return "", errTfvars
}

func (r *tfvars) literal() (string, error) {
	switch {
	case r.rest == "" || strings.ContainsAny(r.rest[:1], "\r\n"):
		return "", errTfvars
	case r.rest[0] == '"':
		return r.quoted()
	case strings.HasPrefix(r.rest, "<<"):
		return r.heredoc()
	case r.rest[0] == '[':
		return "", r.within("a list is not a value")
	case r.rest[0] == '{':
		return "", r.within("an object is not a value")
	case r.rest[0] == '-' || isDigit(r.rest[0]):
		return r.number()
	}
	switch word := r.word(); word {
	case "true", "false":
		return word, nil
	case "null":
		if r.skip(false) {
			return "", errors.New("null is not a value")
		}
		return "", errExpression
	case "":
		if strings.ContainsAny(r.rest[:1], "(!") {
			return "", errExpression
		}
		return "", errTfvars
	}
	return "", errExpression // a variable or a function
}

// within returns the error for a list or an object, unless something follows that takes a
// part of it.
func (r *tfvars) within(msg string) error {
	closing := map[byte]string{'[': "]", '{': "}"}[r.rest[0]]
	line, _, _ := strings.Cut(r.rest, "\n")
	if last := strings.LastIndex(line, closing); last >= 0 && strings.HasPrefix(line[last+1:], ".") || strings.Contains(line, closing+"[") {
		return errExpression
	}
	return errors.New(msg)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number removes a number. It keeps its digits.
func (r *tfvars) number() (string, error) {
	i := 0
	digits := func() bool {
		start := i
		for i < len(r.rest) && isDigit(r.rest[i]) {
			i++
		}
		return i > start
	}
	if r.rest[0] == '-' {
		i++
	}
	if !digits() {
		return "", errExpression // of another kind, or with a blank behind the sign
	}
	if i < len(r.rest) && r.rest[i] == '.' {
		if i++; !digits() {
			return "", errExpression
		}
	}
	if i < len(r.rest) && (r.rest[i] == 'e' || r.rest[i] == 'E') {
		if i++; i < len(r.rest) && (r.rest[i] == '+' || r.rest[i] == '-') {
			i++
		}
		if !digits() {
			return "", errTfvars
		}
	}
	if f, _, err := big.ParseFloat(strings.TrimPrefix(r.rest[:i], "-"), 10, tfvarsBits, big.ToNearestEven); err != nil || f.IsInf() {
		return "", errTfvars // too large for Terraform
	}
	return r.take(i), nil
}

// tfvarsBits is the precision of Terraform's numbers.
const tfvarsBits = 512

// quoted removes a text in quotes, which has one line.
func (r *tfvars) quoted() (string, error) {
	r.take(1)
	var b bytes.Buffer
	for {
		switch s := r.rest; {
		case s == "" || s[0] == '\n' || s[0] == '\r':
			return "", errTfvars
		case s[0] == '"':
			r.take(1)
			return b.String(), nil
		case s[0] == '\\':
			if err := r.escape(&b); err != nil {
				return "", err
			}
		case s[0] == '$' || s[0] == '%':
			if err := r.sign(&b); err != nil {
				return "", err
			}
		default:
			_, n := utf8.DecodeRuneInString(s)
			b.WriteString(r.take(n))
		}
	}
}

// escape removes a backslash and what it stands before.
func (r *tfvars) escape(b *bytes.Buffer) error {
	if len(r.rest) < 2 {
		return errTfvars
	}
	kind := r.take(2)[1]
	digits := map[byte]int{'u': 4, 'U': 8}[kind]
	switch i := strings.IndexByte("nrt\"\\", kind); {
	case i >= 0:
		b.WriteByte("\n\r\t\"\\"[i])
	case digits > 0 && len(r.rest) >= digits:
		n, err := strconv.ParseUint(r.rest[:digits], 16, 32)
		if err != nil || n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return errTfvars
		}
		r.take(digits)
		b.WriteRune(rune(n))
	default:
		return errTfvars
	}
	return nil
}

// sign removes a dollar or percent sign. Two of them before a brace are one; one begins an
// expression.
func (r *tfvars) sign(b *bytes.Buffer) error {
	sign := r.rest[:1]
	switch {
	case strings.HasPrefix(r.rest, sign+"{"):
		return errExpression
	case strings.HasPrefix(r.rest, sign+sign+"{"):
		r.take(3)
		b.WriteString(sign + "{")
	default:
		b.WriteString(r.take(1))
	}
	return nil
}
