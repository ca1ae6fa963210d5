package template

import (
	"cmp"
	"context"
	"math/bits"
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

// maxSingly is the largest number of answers that are left out one by one.
const maxSingly = 64

// labels returns for each hidden place a label of what it depends on.
func (t *Template) labels(ctx context.Context, x *Rendering, hidden []mark) map[place]string {
	labels := map[place]string{}
	if len(hidden) == 0 {
		return labels
	}
	e := &experiment{t: t, ctx: ctx, x: x, hidden: hidden, causes: map[place][]Query{}}
	if e.ask(); len(e.queries) <= maxSingly {
		e.singly()
	} else {
		e.byBits()
	}
	full := t.newPass(ctx, x) // knows all but random results
	_ = full.run()
	for _, m := range hidden {
		switch label := Label(e.causes[m.place]...); {
		case label != "":
			labels[m.place] = label
		case !full.knows(m):
			labels[m.place] = "generated"
		default:
			labels[m.place] = string(Secret)
		}
	}
	return labels
}

// knows reports whether what a place prints, or what its branch turns on, is known.
func (p *pass) knows(m mark) bool {
	if m.branch {
		return p.noted[m.place]
	}
	return p.prints[m.place].known
}

// experiment finds what hidden places depend on, by leaving out answers and comparing
// what is no longer known.
type experiment struct {
	t       *Template
	ctx     context.Context
	x       *Rendering
	hidden  []mark
	queries []Query // hidden ones, by key
	causes  map[place][]Query
}

// ask collects the queries.
func (e *experiment) ask() {
	e.queries = distinct(e.t.flagged(e.without(nil), func(q Query) bool { return q.Kind.Hidden() }))
}

// without executes over all answers but some.
func (e *experiment) without(left map[Query]bool) *pass {
	p := e.t.newPass(e.ctx, e.x)
	p.likely, p.tolerant = true, true
	p.withhold = func(q Query) bool { return left[q.Key()] }
	_ = p.run()
	return p
}

// singly leaves out one answer at a time.
func (e *experiment) singly() {
	for _, q := range e.queries {
		p := e.without(map[Query]bool{q.Key(): true})
		for _, m := range e.hidden {
			if !p.knows(m) {
				e.causes[m.place] = append(e.causes[m.place], q)
			}
		}
	}
}

// byBits leaves out half of the answers at a time, by each bit of their number, because
// 500 passes take seconds. For a place that depends on one answer the passes spell out
// its number. A place that depends on several is left without a cause.
func (e *experiment) byBits() {
	numbers, marks := map[place]int{}, map[place]mark{}
	for _, m := range e.hidden {
		numbers[m.place], marks[m.place] = 0, m
	}
	for bit := range bits.Len(uint(len(e.queries))) {
		zeros, ones := e.without(e.group(bit, 0)), e.without(e.group(bit, 1))
		for place, number := range numbers {
			onZeros, onOnes := !zeros.knows(marks[place]), !ones.knows(marks[place])
			switch {
			case onZeros == onOnes:
				delete(numbers, place)
			case onOnes:
				numbers[place] = number | 1<<bit
			}
		}
	}
	for place, number := range numbers {
		if number < len(e.queries) {
			e.causes[place] = []Query{e.queries[number]}
		}
	}
}

// group returns the keys of the queries whose number has a bit of that value.
func (e *experiment) group(bit, value int) map[Query]bool {
	group := map[Query]bool{}
	for i, q := range e.queries {
		if i>>bit&1 == value {
			group[q.Key()] = true
		}
	}
	return group
}
