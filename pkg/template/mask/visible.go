package mask

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible writes out what a terminal would obey in a line: control characters but tabs,
// characters that order or hide others, separators of lines, and bytes that are not
// UTF-8, among which are C1's of 8 bits.
func Visible(s string) string { return escape(s, func(r rune) bool { return r == '\t' }, goEscape) }

// VisibleLines is Visible for a text of several lines.
func VisibleLines(s string) string {
	return escape(s, func(r rune) bool { return r == '\t' || r == '\n' }, goEscape)
}

// VisibleJSON writes out the same in JSON, by JSON's escapes: encoders leave C1 and
// characters beyond ASCII as they are. The document means what it did.
func VisibleJSON(text []byte) []byte {
	return []byte(escape(string(text), func(r rune) bool { return r == '\t' || r == '\n' || r == '\r' }, jsonEscape))
}

// Acts reports whether a terminal would do more with a text than show it: whether it has
// control characters other than tabs and ends of lines, or is not UTF-8. Characters that
// only order or join others are text.
func Acts(text []byte) bool {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return !utf8.Valid(text) || bytes.ContainsFunc(text, func(r rune) bool { return r != '\t' && r != '\n' && unicode.IsControl(r) })
}

// Lines returns a writer that passes text on as VisibleLines shows it.
func Lines(w io.Writer) io.Writer {
	return filter{w, func(p []byte) []byte { return []byte(VisibleLines(string(p))) }}
}

// JSON returns a writer that passes JSON on as VisibleJSON shows it.
func JSON(w io.Writer) io.Writer { return filter{w, VisibleJSON} }

// filter changes what is written. Each write holds whole characters.
type filter struct {
	to     io.Writer
	change func([]byte) []byte
}

func (f filter) Write(p []byte) (int, error) {
	if _, err := f.to.Write(f.change(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape writes out the characters that a terminal would obey, except those to keep.
func escape(s string, keep func(rune) bool, escaped func(r rune, b byte) string) string {
	clean := func(r rune, size int) bool { return keep(r) || !isControl(r) && (r != utf8.RuneError || size > 1) }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !clean(r, utf8.RuneLen(r)) }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if clean(r, size) {
			b.WriteString(s[i : i+size])
		} else {
			if r == utf8.RuneError {
				r = -1
			}
			b.WriteString(escaped(r, s[i]))
		}
		i += size
	}
	return b.String()
}

// goEscape is the escape of a character, or of the byte if r is -1.
func goEscape(r rune, b byte) string {
	switch {
	case r < 0:
		return fmt.Sprintf(`\x%02x`, b)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

func jsonEscape(r rune, _ byte) string {
	switch {
	case r < 0: // encoders do not produce it
		return `\ufffd`
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

func isControl(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
