// Package mask shows rendered files without the parts that depend on secrets.
package mask

// Span is a part of a text, as byte offsets.
type Span struct {
	Start, End int
	// Label stands in the place of what must not be shown: "secret db.password"
	// reads (secret db.password). Empty: the part may be shown.
	Label string
}

// Text is a rendered file that knows which parts of it may be shown. Every
// formatting verb gives its masked form.
type Text struct {
	bytes    []byte
	spans    []Span
	literals map[string]bool
}

// New returns a text of which the spans, in order and without overlap, say
// what is hidden; bytes outside of them may be shown. literals are whole lines
// that may be shown wherever they stand: those of the template's own text.
func New(b []byte, spans []Span, literals []string) Text { return Text{bytes: b, spans: spans} }

// Hidden returns a text all of which is hidden under one label: a file that is
// one secret.
func Hidden(label string, b []byte) Text {
	return New(b, []Span{{Start: 0, End: len(b), Label: label}}, nil)
}

// Diff returns a unified diff from old to text, or "" where they are equal.
// old is nil for a file that is not there. Lines of text are masked; a line of
// old that is gone is shown only where it equals a line that may be shown, and
// else reads "- (hidden)". Runs of equal masked lines become one with a count.
func Diff(name string, old []byte, text Text) string { return "" }
