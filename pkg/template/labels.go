package template

import (
	"context"
	"math/bits"
	"slices"
)

// maxSingly is how many answers are left out one by one.
const maxSingly = 64

// labels says for each hidden place what it depends on.
func (t *Template) labels(ctx context.Context, lookup Lookup, hidden []mark) map[place]string {
	labels := map[place]string{}
	if len(hidden) == 0 {
		return labels
	}
	x := &experiment{t: t, ctx: ctx, lookup: lookup, hidden: hidden, causes: map[place][]Query{}}
	if x.ask(); len(x.queries) <= maxSingly {
		x.singly()
	} else {
		x.byBits()
	}
	settled := t.newPass(ctx, lookup) // knows all but random results
	_ = settled.run()
	for _, m := range hidden {
		switch label := Label(x.causes[m.place]...); {
		case label != "":
			labels[m.place] = label
		case !settled.prints[m.place].known:
			labels[m.place] = "generated"
		default:
			labels[m.place] = string(Secret)
		}
	}
	return labels
}

// experiment finds what hidden places depend on: leave answers out, and see
// what is no longer printed, or no longer known.
type experiment struct {
	t       *Template
	ctx     context.Context
	lookup  Lookup
	hidden  []mark
	queries []Query // hidden ones, by key
	causes  map[place][]Query
}

// ask collects the queries.
func (x *experiment) ask() {
	for _, q := range x.t.flagged(x.without(nil), func(q Query) bool { return q.Kind.Hidden() }) {
		if !slices.ContainsFunc(x.queries, func(seen Query) bool { return seen.Key() == q.Key() }) {
			x.queries = append(x.queries, q)
		}
	}
}

// without executes over all answers but some.
func (x *experiment) without(left map[Query]bool) *pass {
	p := x.t.newPass(x.ctx, x.lookup)
	p.likely, p.tolerant = true, true
	p.withhold = func(q Query) bool { return left[q.Key()] }
	_ = p.run()
	return p
}

// singly leaves out one answer at a time.
func (x *experiment) singly() {
	for _, q := range x.queries {
		p := x.without(map[Query]bool{q.Key(): true})
		for _, m := range x.hidden {
			if !p.prints[m.place].known {
				x.causes[m.place] = append(x.causes[m.place], q)
			}
		}
	}
}

// byBits leaves out half of the answers at a time, by each bit of their
// number, since 500 passes take seconds. A place that depends on one answer
// tells its number; one that depends on several is left without a cause.
func (x *experiment) byBits() {
	numbers := map[place]int{}
	for _, m := range x.hidden {
		numbers[m.place] = 0
	}
	for bit := range bits.Len(uint(len(x.queries))) {
		zeros, ones := x.without(x.group(bit, 0)), x.without(x.group(bit, 1))
		for place, number := range numbers {
			onZeros, onOnes := !zeros.prints[place].known, !ones.prints[place].known
			switch {
			case onZeros == onOnes:
				delete(numbers, place)
			case onOnes:
				numbers[place] = number | 1<<bit
			}
		}
	}
	for place, number := range numbers {
		if number < len(x.queries) {
			x.causes[place] = []Query{x.queries[number]}
		}
	}
}

// group returns the keys of the queries whose number has a bit of that value.
func (x *experiment) group(bit, value int) map[Query]bool {
	group := map[Query]bool{}
	for i, q := range x.queries {
		if i>>bit&1 == value {
			group[q.Key()] = true
		}
	}
	return group
}
