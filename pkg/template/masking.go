package template

import (
	"context"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/mask"
)

// Mask says which parts of what Execute returned may be shown: the template's
// own text, and what an execution that knows no hidden answer ([Kind.Hidden])
// printed byte for byte the same at the same place. All else is hidden under a
// label that names what it depends on. lookup is the one that Execute had. The
// error is that of ctx.
//
// The template's own text is shown wherever it stands, so a plan tells which
// branch a secret chose.
func (t *Template) Mask(ctx context.Context, lookup Lookup, out Output) (mask.Text, error) {
	public := t.runBlind(ctx, lookup, nil)
	var hidden []mark
	for _, m := range out.marks {
		seen := public.prints[m.place]
		if !seen.known || seen.text != string(out.Bytes[m.start:m.end]) {
			hidden = append(hidden, m)
		}
	}
	labels := t.labels(ctx, lookup, hidden)
	spans := make([]mask.Span, len(hidden))
	for i, m := range hidden {
		spans[i] = mask.Span{Start: m.start, End: m.end, Label: labels[m.place]}
	}
	if err := ctx.Err(); err != nil {
		return mask.Hidden("", out.Bytes), err
	}
	return mask.New(out.Bytes, spans, t.literals()), nil
}

// literals returns the lines of the template that are its own text from end to
// end.
func (t *Template) literals() []string {
	var lines []string
	for _, tree := range t.original {
		inspect(tree.Root, func(n parse.Node) bool {
			if text, ok := n.(*parse.TextNode); ok {
				lines = append(lines, t.wholeLines(int(text.Pos), int(text.Pos)+len(text.Text))...)
			}
			return true
		})
	}
	return lines
}

// wholeLines returns the lines of the template that lie between two offsets.
func (t *Template) wholeLines(start, end int) (lines []string) {
	if start > 0 && t.text[start-1] != '\n' {
		next := strings.IndexByte(t.text[start:end], '\n')
		if next < 0 {
			return nil
		}
		start += next + 1
	}
	for start < end {
		length := strings.IndexByte(t.text[start:], '\n')
		if length < 0 {
			length = len(t.text) - start
		}
		if start+length > end {
			break
		}
		lines = append(lines, t.text[start:start+length])
		start += length + 1
	}
	return lines
}
