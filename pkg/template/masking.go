package template

import (
	"context"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/mask"
)

// mask is [Rendering.Mask] of a template.
func (t *Template) mask(ctx context.Context, x *Rendering, out Output) (mask.Text, error) {
	public := t.runBlind(ctx, x, nil)
	var hidden []mark
	for _, m := range out.marks {
		seen := public.prints[m.place]
		if !seen.known || seen.text != string(out.Bytes[m.start:m.end]) {
			hidden = append(hidden, m)
		}
	}
	labels := t.labels(ctx, x, hidden)
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
