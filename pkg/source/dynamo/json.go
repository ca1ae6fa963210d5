package dynamo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// input is JSON that has not been read yet
// (https://www.rfc-editor.org/rfc/rfc8259). What is skipped is looked at only
// to see where it ends.
type input struct{ rest []byte }

// errSyntax tells nothing of what was there, which may be a secret's.
var errSyntax = errors.New("not what DynamoDB answers")

// object reads an object, whose values field reads. A name is valid until then.
func (t *input) object(field func(name []byte) error) error {
	return t.list('{', '}', func() error {
		value, err := t.value()
		if err != nil {
			return err
		}
		name, ok := plain(value)
		if !ok {
			s, err := unquote(value)
			if err != nil {
				return errSyntax
			}
			name = []byte(s)
		}
		if !t.skip(':') {
			return errSyntax
		}
		return field(name)
	})
}

// array reads an array, whose elements element reads.
func (t *input) array(element func() error) error { return t.list('[', ']', element) }

// list reads nothing from null, as encoding/json does.
func (t *input) list(open, end byte, element func() error) error {
	t.space()
	if rest, ok := bytes.CutPrefix(t.rest, []byte("null")); ok {
		t.rest = rest
		return nil
	}
	if !t.skip(open) {
		return errSyntax
	}
	if t.skip(end) {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if t.skip(end) {
			return nil
		}
		if !t.skip(',') {
			return errSyntax
		}
	}
}

// skip takes the next byte that is no space, if it is this one.
func (t *input) skip(c byte) bool {
	t.space()
	if len(t.rest) == 0 || t.rest[0] != c {
		return false
	}
	t.rest = t.rest[1:]
	return true
}

func (t *input) space() {
	for len(t.rest) > 0 && (t.rest[0] == ' ' || t.rest[0] == '\n' || t.rest[0] == '\t' || t.rest[0] == '\r') {
		t.rest = t.rest[1:]
	}
}

// end fails if anything is left.
func (t *input) end() error {
	if t.space(); len(t.rest) > 0 {
		return errSyntax
	}
	return nil
}

// value takes one value, of whatever type.
func (t *input) value() ([]byte, error) {
	t.space()
	n, depth := 0, 0
	for n < len(t.rest) {
		switch t.rest[n] {
		case '"':
			n += quoted(t.rest[n:])
		case '{', '[':
			depth++
			n++
		case '}', ']':
			depth--
			n++
		case ',', ':', ' ', '\n', '\t', '\r':
			n++
			continue // only inside of something
		default:
			n += bare(t.rest[n:])
		}
		if depth <= 0 {
			break
		}
	}
	if n == 0 || n > len(t.rest) || depth != 0 || bytes.IndexByte([]byte(",:"), t.rest[0]) >= 0 {
		return nil, errSyntax
	}
	value := t.rest[:n]
	t.rest = t.rest[n:]
	return value, nil
}

// quoted is how long a string is, its quotes included; more than there is if it
// has no end.
func quoted(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s) + 1
}

// bare is how long a number or a word is.
func bare(s []byte) int {
	if n := bytes.IndexAny(s, "{}[],:\" \n\t\r"); n >= 0 {
		return n
	}
	return len(s)
}

// unquote leaves all but the plain case to encoding/json.
func unquote(value []byte) (s string, err error) {
	if p, ok := plain(value); ok {
		return string(p), nil
	}
	if json.Unmarshal(value, &s) != nil {
		return "", errSyntax
	}
	return s, nil
}

func binary(value []byte) (b []byte, err error) {
	p, ok := plain(value)
	if !ok {
		s, err := unquote(value)
		if err != nil {
			return nil, err
		}
		p = []byte(s)
	}
	b = make([]byte, base64.StdEncoding.DecodedLen(len(p)))
	n, err := base64.StdEncoding.Decode(b, p)
	if err != nil {
		return nil, errSyntax
	}
	return b[:n], nil
}

// plain is what a string stands for where nothing in it stands for something
// else.
func plain(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	inner := value[1 : len(value)-1]
	for _, c := range inner {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return nil, false
		}
	}
	return inner, true
}
