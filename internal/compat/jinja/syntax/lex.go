package syntax

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end kind = iota
	text
	varBegin
	varEnd
	blockBegin
	blockEnd
	name
	str
	integer
	float
	op
)

type token struct {
	kind  kind
	text  string
	value any // of str, integer and float
	line  int
}

// Error is a syntax error.
type Error struct {
	Line int
	What string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// lexer splits a template into tokens.
type lexer struct {
	src    string
	pos    int
	line   int
	tokens []token
	// fresh is set if pos begins a line of output, where lstrip_blocks applies.
	fresh bool
}

func lex(source string) ([]token, error) {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	l := &lexer{src: strings.TrimSuffix(source, "\n"), line: 1, fresh: true}
	for l.pos < len(l.src) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	l.emit(token{kind: end})
	return l.tokens, nil
}

func (l *lexer) emit(t token) {
	t.line = l.line
	l.tokens = append(l.tokens, t)
}

func (l *lexer) fail(format string, args ...any) error {
	return &Error{l.line, fmt.Sprintf(format, args...)}
}

// take moves past n bytes.
func (l *lexer) take(n int) string {
	s := l.src[l.pos : l.pos+n]
	l.pos += n
	l.line += strings.Count(s, "\n")
	return s
}

var (
	opening  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{[{%#][-+]?`) })
	rawBegin = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})`) })
	rawEnd   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)`) })
	comment  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:\+#\}|-#\}\s*|#\}\n?)`) })
	blank    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s+$`) })
)

// next lexes the text up to a tag, and the tag.
func (l *lexer) next() error {
	at := opening().FindStringIndex(l.src[l.pos:])
	if at == nil {
		l.text(l.src[l.pos:], "", false)
		l.take(len(l.src) - l.pos)
		return nil
	}
	tag := l.src[l.pos+at[0] : l.pos+at[1]]
	sign := tag[2:]
	if raw := rawBegin().FindString(l.src[l.pos+at[0]:]); raw != "" {
		l.text(l.src[l.pos:l.pos+at[0]], sign, true)
		l.take(at[0])
		l.took(l.take(len(raw)))
		return l.raw()
	}
	l.text(l.src[l.pos:l.pos+at[0]], sign, tag[1] != '{')
	l.take(at[1])
	switch tag[1] {
	case '#':
		return l.comment()
	case '%':
		return l.tag(blockBegin, blockEnd)
	}
	return l.tag(varBegin, varEnd)
}

// took records how the last token ends.
func (l *lexer) took(s string) { l.fresh = strings.HasSuffix(s, "\n") }

// text emits literal text without the white space that the next tag removes.
func (l *lexer) text(s, sign string, strips bool) {
	switch {
	case sign == "-":
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	case sign != "+" && strips:
		start := strings.LastIndexByte(s, '\n') + 1
		if (start > 0 || l.fresh) && blank().MatchString(s[start:]) {
			s = s[:start]
		}
	}
	if s != "" {
		l.emit(token{kind: text, text: s})
	}
}

func (l *lexer) raw() error {
	at := rawEnd().FindStringSubmatchIndex(l.src[l.pos:])
	if at == nil {
		return l.fail("missing end of raw block")
	}
	rest := l.src[l.pos:]
	l.text(rest[:at[0]], rest[at[2]:at[3]], true)
	l.took(l.take(at[1]))
	return nil
}

func (l *lexer) comment() error {
	at := comment().FindStringIndex(l.src[l.pos:])
	if at == nil {
		return l.fail("missing end of comment tag")
	}
	l.took(l.take(at[1]))
	return nil
}

var (
	spaces     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s+`) })
	blockClose = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:\+%\}|-%\}\s*|%\}\n?)`) })
	varClose   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:-\}\}\s*|\}\})`) })
	floats     = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?[eE][+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)`)
	})
	integers = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:0[bB](?:_?[0-1])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*)`)
	})
	// Python's identifiers that Go templates allow too. Python takes letter numbers and
	// combining marks besides.
	names = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\pL_][\pL\p{Nd}_]*`) })
	strs  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`) })
	ops   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:\*\*|//|==|!=|>=|<=|[-+/*%~\[\](){}><=.:|,;])`) })
)

// tag lexes the inside of {{ }} or {% %}.
func (l *lexer) tag(begin, close kind) error {
	l.emit(token{kind: begin})
	closing := blockClose
	if close == varEnd {
		closing = varClose
	}
	var open []byte
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		if s := closing().FindString(rest); s != "" && len(open) == 0 {
			l.emit(token{kind: close})
			l.took(l.take(len(s)))
			return nil
		}
		if s := spaces().FindString(rest); s != "" {
			l.take(len(s))
			continue
		}
		if err := l.word(rest, &open); err != nil {
			return err
		}
	}
	return l.fail("unexpected end of template, expected the end of a tag")
}

// word lexes one token of an expression.
func (l *lexer) word(rest string, open *[]byte) error {
	afterDot := l.pos > 0 && l.src[l.pos-1] == '.'
	if s := floats().FindString(rest); s != "" && !afterDot {
		f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
		if err != nil {
			return l.fail("%s is no number", s)
		}
		return l.accept(float, s, f)
	}
	if s := integers().FindString(rest); s != "" {
		n, err := strconv.ParseInt(s, 0, 64)
		if len(strings.Trim(s, "0_")) == 0 {
			n, err = 0, nil
		}
		if err != nil {
			return l.fail("number %s is larger than 64 bits hold", s)
		}
		return l.accept(integer, s, n)
	}
	if s := names().FindString(rest); s != "" {
		return l.accept(name, s, nil)
	}
	if s := strs().FindString(rest); s != "" {
		value, err := unescape(s[1 : len(s)-1])
		if err != nil {
			return l.fail("%v", err)
		}
		return l.accept(str, s, value)
	}
	s := ops().FindString(rest)
	if s == "" {
		r, _ := utf8.DecodeRuneInString(rest)
		return l.fail("unexpected char %q", r)
	}
	if err := l.balance(s, open); err != nil {
		return err
	}
	return l.accept(op, s, nil)
}

// accept emits a token of an expression and moves past it.
func (l *lexer) accept(k kind, text string, value any) error {
	l.emit(token{kind: k, text: text, value: value})
	l.take(len(text))
	return nil
}

// balance tracks open brackets, because a tag does not end in them.
func (l *lexer) balance(s string, open *[]byte) error {
	switch s {
	case "(", "[", "{":
		*open = append(*open, map[string]byte{"(": ')', "[": ']', "{": '}'}[s])
	case ")", "]", "}":
		if len(*open) == 0 {
			return l.fail("unexpected %q", s)
		}
		if want := (*open)[len(*open)-1]; want != s[0] {
			return l.fail("unexpected %q, expected %q", s, string(want))
		}
		*open = (*open)[:len(*open)-1]
	}
	return nil
}

// escapes are the escapes of one letter.
var escapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape returns the value of a Python string literal.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if e, ok := escapes[s[i]]; ok {
			b.WriteString(e)
			continue
		}
		var digits int
		base := 16
		start := i + 1
		switch c := s[i]; {
		case c == 'x':
			digits = 2
		case c == 'u':
			digits = 4
		case c == 'U':
			digits = 8
		case c >= '0' && c <= '7':
			base, start, digits = 8, i, 1
			for digits < 3 && start+digits < len(s) && s[start+digits] >= '0' && s[start+digits] <= '7' {
				digits++
			}
		default: // Python leaves what it does not know
			b.WriteByte('\\')
			b.WriteByte(c)
			continue
		}
		if start+digits > len(s) {
			return "", fmt.Errorf("truncated escape in a string")
		}
		n, err := strconv.ParseUint(s[start:start+digits], base, 32)
		if err != nil {
			return "", fmt.Errorf("malformed escape in a string")
		}
		b.WriteRune(rune(n))
		i = start + digits - 1
	}
	return b.String(), nil
}
