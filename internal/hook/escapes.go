package hook

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf8"
)

// Programs print a value with some of its characters escaped: which ones, and
// how, differs from encoder to encoder, and with their versions. So the text is
// not searched for a list of encodings of the value. It is read as a graph: from
// each position, one edge for each way in which an encoder may have written the
// next characters. A value is found where a path spells it, in any mixture.
//
// Known are: backslashes before any punctuation, C's letters, \xHH, \NNN, \uXXXX
// with surrogate pairs, \u{X}, \UXXXXXXXX, LDAP's \HH, each behind up to four
// backslashes (JSON within JSON); percent signs, also doubled, and JavaScript's
// %uXXXX; quoted-printable; HTML's entities; plus signs for spaces; the ways out
// of a shell's single quotes, doubled quotes of SQL, YAML and CSV; CRLF; and lines
// that a backslash or an equals sign continues.

// edge spells n bytes and leads to the position next.
type edge struct {
	out  [8]byte
	n    int
	next int
}

// edges appends those that begin at position t of text.
func edges(list []edge, text []byte, t int) []edge {
	c := text[t]
	list = spell(list, t+1, c)
	switch c {
	case '+':
		list = spell(list, t+1, ' ')
	case '\\':
		return backslash(list, text, t)
	case '%':
		return percent(list, text, t)
	case '=':
		if b, ok := hexValue(text, t+1, 2); ok {
			list = spell(list, t+3, byte(b))
		}
		return continued(list, text, t+1)
	case '&':
		return entity(list, text, t)
	case '\'':
		for _, s := range []string{`'\''`, `'"'"'`, `''`} {
			if bytes.HasPrefix(text[t:], []byte(s)) {
				list = spell(list, t+len(s), '\'')
			}
		}
	case '"':
		if bytes.HasPrefix(text[t:], []byte(`""`)) {
			list = spell(list, t+2, '"')
		}
	case '\r':
		if bytes.HasPrefix(text[t:], []byte("\r\n")) {
			list = spell(list, t+2, '\n')
		}
	}
	return list
}

// isSpecial reports whether more than the byte itself may be meant.
func isSpecial(c byte) bool {
	switch c {
	case '+', '\\', '%', '=', '&', '\'', '"', '\r':
		return true
	}
	return false
}

func spell(list []edge, next int, out ...byte) []edge {
	if len(out) == 0 || len(out) > len(edge{}.out) {
		return list
	}
	e := edge{n: len(out), next: next}
	copy(e.out[:], out)
	return append(list, e)
}

func spellRune(list []edge, next int, r rune) []edge {
	return spell(list, next, utf8.AppendRune(nil, r)...)
}

// maxBackslashes is how many may stand before what they escape.
const maxBackslashes = 4

func backslash(list []edge, text []byte, t int) []edge {
	for n := 1; n <= maxBackslashes && t+n <= len(text) && text[t+n-1] == '\\'; n++ {
		if n == 2 || n == maxBackslashes {
			list = spell(list, t+n, '\\')
		}
		if t+n < len(text) {
			list = escaped(list, text, t+n)
		}
	}
	return list
}

// escaped is what follows backslashes.
func escaped(list []edge, text []byte, t int) []edge {
	const letters, meant = "abtnvfreE0", "\a\b\t\n\v\f\r\x1b\x1b\x00"
	c := text[t]
	if i := bytes.IndexByte([]byte(letters), c); i >= 0 {
		list = spell(list, t+1, meant[i])
	}
	if b, ok := hexValue(text, t, 2); ok {
		list = spell(list, t+2, byte(b))
	}
	switch {
	case c == '\n':
		return continued(list, text, t)
	case c == '\\':
		return list // it belongs to the run
	case c == 'x':
		if b, ok := hexValue(text, t+1, 2); ok {
			list = spell(list, t+3, byte(b))
			if b >= utf8.RuneSelf { // a code point to Python and JavaScript
				list = spellRune(list, t+3, b)
			}
		}
	case c == 'u' || c == 'U':
		return codePoint(list, text, t)
	case c >= '0' && c <= '7':
		for n := 1; n <= 3 && t+n <= len(text); n++ {
			if b, err := strconv.ParseUint(string(text[t:t+n]), 8, 8); err == nil {
				list = spell(list, t+n, byte(b))
			}
		}
	case !isWord(c):
		list = spell(list, t+1, c)
	}
	return list
}

// codePoint reads uXXXX, of which two may be a surrogate pair, u{X} and UXXXXXXXX.
func codePoint(list []edge, text []byte, t int) []edge {
	if text[t] == 'U' {
		if r, ok := hexValue(text, t+1, 8); ok {
			list = spellRune(list, t+9, r)
		}
		return list
	}
	if end := bytes.IndexByte(text[t:min(t+10, len(text))], '}'); t+1 < len(text) && text[t+1] == '{' && end > 0 {
		if r, ok := hexValue(text, t+2, end-2); ok {
			list = spellRune(list, t+end+1, r)
		}
	}
	r, ok := hexValue(text, t+1, 4)
	if !ok {
		return list
	}
	low := t + 5
	for low < len(text) && (text[low] == '\\' || text[low] == '%') {
		low++
	}
	if r >= 0xd800 && r < 0xdc00 && low > t+5 && low < len(text) && text[low] == 'u' {
		if second, ok := hexValue(text, low+1, 4); ok {
			return spellRune(list, low+5, 0x10000+(r-0xd800)<<10+(second-0xdc00))
		}
	}
	return spellRune(list, t+5, r)
}

func percent(list []edge, text []byte, t int) []edge {
	at := t + 1
	for bytes.HasPrefix(text[at:], []byte("25")) && at-t < 8 { // encoded again
		list = spell(list, at+2, '%')
		at += 2
	}
	if b, ok := hexValue(text, at, 2); ok {
		list = spell(list, at+2, byte(b))
		if b >= utf8.RuneSelf { // a code point to JavaScript's escape
			list = spellRune(list, at+2, b)
		}
	}
	if at < len(text) && text[at] == 'u' {
		return codePoint(list, text, at)
	}
	return list
}

func entity(list []edge, text []byte, t int) []edge {
	const longest = 33 // &CounterClockwiseContourIntegral;
	end := bytes.IndexByte(text[t:min(t+longest+1, len(text))], ';')
	if end < 0 {
		return list
	}
	token := string(text[t : t+end+1])
	if meant := html.UnescapeString(token); meant != token {
		list = spell(list, t+end+1, []byte(meant)...)
	}
	return list
}

// continued goes on behind a line break that is not the value's, and the blanks
// that indent the next line.
func continued(list []edge, text []byte, t int) []edge {
	if t < len(text) && text[t] == '\r' {
		t++
	}
	if t >= len(text) || text[t] != '\n' {
		return list
	}
	t++
	for t < len(text) && (text[t] == ' ' || text[t] == '\t') {
		t++
	}
	if t >= len(text) {
		return list
	}
	return edges(list, text, t)
}

// hexValue reads n hexadecimal digits.
func hexValue(text []byte, t, n int) (rune, bool) {
	if n < 1 || n > 8 || t+n > len(text) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[t:t+n]), 16, 32)
	return rune(v), err == nil
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
