package hook

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

const (
	// MaskMin is the length in bytes from which a value is masked: shorter
	// ones ("8080", "true") would hide the message instead of the secret.
	MaskMin = 8
	// maxReach bounds how much output is kept for finding a secret whose
	// beginning lies before the part that is shown.
	maxReach = 1 << 20

	// smallJSON is the size up to which the strings and numbers of a JSON value are
	// searched for in hex, base32 and base64 too.
	smallJSON = 16 << 10
	// maxGrowth is the largest ratio of a printed value to the value: a control
	// character is \\u0001 in JSON within JSON.
	maxGrowth = 7

	masked = "(secret)"
)

// Masker replaces known secrets in the output of a command with "(secret)". It is a best
// effort: it finds each value, its lines, what stands after a colon or
// an equals sign in them, what base64 in it holds, and the strings and numbers in
// it where it is JSON, if they have 8 bytes or more, as they are, with characters
// escaped for JSON, URLs, HTML, shells and other languages (escapes.go), in upper or
// lower case, in hex, in base32 and base64, and in the dumps of hexdump, xxd and od.
// A command that prints a value in pieces or in any other form gets past it. It is safe for concurrent use.
type Masker struct{ secrets []source.Secret }

// NewMasker returns a Masker for the values of secrets.
func NewMasker(secrets []source.Secret) *Masker {
	return &Masker{slices.Clone(secrets)}
}

// Mask returns text with the secrets replaced.
func (m *Masker) Mask(text string) string { return m.end([]byte(text), len(text)) }

// reach returns how far before the shown part a secret can begin that ends in it.
func (m *Masker) reach() int {
	longest := 0
	if m != nil {
		for _, s := range m.secrets {
			longest = max(longest, len(s.Reveal()))
		}
	}
	return min(maxGrowth*longest, maxReach)
}

// end masks text and returns its last n bytes. A secret that begins before them is
// masked too.
func (m *Masker) end(text []byte, n int) string {
	at := max(0, len(text)-n)
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	var b strings.Builder
	for _, s := range m.spans(text) {
		if s.end <= at {
			continue
		}
		b.Write(text[at:max(at, s.start)])
		b.WriteString(masked)
		at = s.end
	}
	b.Write(text[at:])
	return b.String()
}

type span struct{ start, end int }

// spans returns where secrets are, in order and without overlaps.
func (m *Masker) spans(text []byte) []span {
	if m == nil || len(text) < MaskMin {
		return nil
	}
	f := finder{plain: newSpelled(text), forms: packedForms(), dumps: readDumps(text)}
	var bare []byte
	bare, f.at = packed(text)
	f.packed = newSpelled(bare)
	for _, s := range m.secrets {
		f.value(s.Reveal())
	}
	slices.SortFunc(f.found, func(a, b span) int { return a.start - b.start })
	var out []span
	for _, s := range f.found {
		if last := len(out) - 1; last >= 0 && s.start <= out[last].end {
			out[last].end = max(out[last].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// finder searches a text for values of at least MaskMin bytes. The indexes rule most of
// them out by their first bytes.
type finder struct {
	plain  *spelled
	packed *spelled // the text without white space
	at     []int    // where each byte of it was
	forms  []form
	dumps  []dump
	found  []span
}

// value searches for a secret, whole and in parts.
func (f *finder) value(v []byte) {
	for _, d := range f.dumps {
		d.find(bytes.TrimSpace(v), func(s span) { f.found = append(f.found, s) })
	}
	f.encoded(v)
	f.encoded(bytes.TrimSpace(v)) // templates often trim a final newline
	if !utf8.Valid(v) {
		f.spelled(replaced(v))
	}
	for line := range bytes.Lines(v) {
		f.spelled(bytes.TrimSpace(line))
		f.spelled(assigned(line))
	}
	f.encoded(decoded(v))
	for _, s := range jsonScalars(v) {
		if len(v) <= smallJSON {
			f.encoded(s)
		}
		f.spelled(s)
	}
}

func (f *finder) spelled(v []byte) {
	if len(v) < MaskMin {
		return
	}
	for _, x := range [][]byte{v, bytes.ToUpper(v), bytes.ToLower(v)} {
		f.plain.find(x, func(s span) { f.found = append(f.found, s) })
	}
}

func (f *finder) encoded(v []byte) {
	f.spelled(v)
	if len(v) < MaskMin {
		return
	}
	if bare, _ := packed(v); len(bare) >= MaskMin { // broken into lines
		for at := range occurrences(f.packed.text, bare) {
			f.found = append(f.found, f.widened(span{at, at + len(bare)}, 0))
		}
	}
	head := v[:min(len(v), 3*MaskMin)]
	for _, form := range f.forms {
		if f.packed.begins(form.encode(head)) {
			f.packed.find(form.encode(v), func(s span) { f.found = append(f.found, f.widened(s, form.slack)) })
		}
	}
}

// widened takes a span of the packed text to where it is in the whole one, with up
// to slack characters of base64 on both sides.
func (f *finder) widened(s span, slack int) span {
	for range slack {
		if s.start > 0 && isBase64(f.packed.text[s.start-1]) && f.at[s.start-1] == f.at[s.start]-1 {
			s.start--
		}
		if s.end < len(f.packed.text) && isBase64(f.packed.text[s.end]) && f.at[s.end] == f.at[s.end-1]+1 {
			s.end++
		}
	}
	return span{f.at[s.start], f.at[s.end-1] + 1}
}
