package template

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/mask"
)

// mask is [Rendering.Mask] of a template.
func (t *Template) mask(ctx context.Context, x *Rendering, out Output) (mask.Text, error) {
	public := t.runBlind(ctx, x, nil)
	hidden := t.chosen(ctx, x, out.regions, public)
	chosen := hidden
	for _, m := range out.marks {
		for len(chosen) > 0 && chosen[0].end < m.end {
			chosen = chosen[1:]
		}
		seen := public.prints[m.place]
		if (!seen.known || seen.text != string(out.Bytes[m.start:m.end])) && (len(chosen) == 0 || m.start < chosen[0].start) {
			hidden = append(hidden, m)
		}
	}
	slices.SortStableFunc(hidden, func(a, b mark) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	labels := t.labels(ctx, x, hidden)
	spans := make([]mask.Span, len(hidden))
	for i, m := range hidden {
		spans[i] = mask.Span{Start: m.start, End: m.end, Label: labels[m.place]}
	}
	if err := ctx.Err(); err != nil {
		return mask.Hidden("", out.Bytes), err
	}
	return mask.New(out.Bytes, spans, t.literals(public)), nil
}

// literals returns the lines of the template that are its own text from end to
// end, except in branches that a secret may choose.
func (t *Template) literals(public *pass) []string {
	var lines []string
	skip := t.secretText(public)
	for name, tree := range t.original {
		if skip.called[name] {
			continue
		}
		inspect(tree.Root, func(n parse.Node) bool {
			if skip.nodes[n] {
				return false
			}
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
