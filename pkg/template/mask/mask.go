// Package mask shows rendered files without the parts that depend on secrets.
//
// A [Text] is a file's bytes with the [Span]s that must not be shown, as
// template.Mask finds them, or [Hidden] makes for a file that is one secret.
// [Diff] compares it with what is on the disk, where nobody knows which bytes
// are secret: so of an old line nothing is shown but what stands in the
// template itself, or in a line of the new file that may be shown.
package mask

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Span is a part of a text that is hidden, as byte offsets.
type Span struct {
	Start, End int
	// Label stands in its place: "secret db.password" reads
	// (secret db.password).
	Label string
}

// Text is a rendered file that knows which parts of it may be shown. Every
// formatting verb gives its masked form.
type Text struct {
	bytes    []byte
	spans    []Span
	literals []string
}

// New returns a text of which the spans, in order and without overlap, are
// hidden; bytes outside of them may be shown. An empty span is shown as its
// label too. literals are whole lines, without their newline, that may be
// shown where an old file has them: those of the template's own text.
func New(b []byte, spans []Span, literals []string) Text {
	return Text{bytes: b, spans: slices.Clone(spans), literals: literals}
}

// Hidden returns a text all of which is hidden under one label: a file that is
// one secret.
func Hidden(label string, b []byte) Text {
	return New(b, []Span{{Start: 0, End: len(b), Label: label}}, nil)
}

// String returns the masked text.
func (t Text) String() string {
	var b strings.Builder
	for _, l := range t.lines() {
		b.WriteString(l.shown + l.end)
	}
	return b.String()
}

// Format writes the masked text, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// line is one line of a text: as it is and as it may be shown, without the
// newline, which is in end.
type line struct {
	real, shown, end string
	clean            bool // nothing of it is hidden
}

// lines splits the text. A hidden span is shown once in each line it touches.
func (t Text) lines() []line {
	var lines []line
	text, spans := string(t.bytes), t.spans
	for start := 0; start < len(text); {
		l := line{clean: true}
		stop := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			stop, l.end = start+i, "\n"
		}
		next, at := stop+len(l.end), start
		for len(spans) > 0 && (spans[0].Start < next || spans[0].Start == stop) {
			s := spans[0]
			l.shown += Visible(text[at:max(at, s.Start)]) + "(" + s.Label + ")"
			l.clean = false
			at = min(max(at, s.End), stop)
			if s.End > next { // it goes on in the next line
				break
			}
			spans = spans[1:]
		}
		l.real = text[start:stop]
		l.shown += Visible(text[at:stop])
		lines = append(lines, l)
		start = next
	}
	return lines
}
