package template

import (
	"context"
	"maps"
	"slices"
)

// queries returns all that executing the template asks for, as far as x knows the
// answers, without duplicates and in order. What is not known yet is unknown, and so
// is whatever depends on it; a branch that depends on it is not entered. So all that
// does not depend on a secret is found at once, and a reference that execution does
// not reach is never returned. Errors in the template are left for execute.
func (t *Template) queries(ctx context.Context, x *Rendering) []Query {
	return t.flagged(t.runKnown(ctx, x), func(Query) bool { return true })
}

// complete reports whether asked, which queries returned before its answers were
// known, is all that executing the template can ask for: every call that asks has
// constant arguments, and none was left out. Most templates are of that kind, and
// need no further pass.
func (t *Template) complete(asked []Query) bool {
	for _, f := range t.used {
		if f.asks && f.kind == "" { // by something else than its arguments
			return false
		}
	}
	left := maps.Clone(t.constantKeys())
	for _, q := range asked {
		delete(left, q.Key())
	}
	return len(left) == 0 && !slices.ContainsFunc(t.refs(), func(r StaticRef) bool { return r.Dynamic || r.Err != nil })
}

// runKnown executes over what x knows. What random functions return is
// unknown, until nothing else is missing: only then are the branches entered
// that something like it would enter.
func (t *Template) runKnown(ctx context.Context, x *Rendering) *pass {
	p := t.newPass(ctx, x)
	_ = p.run()
	if slices.ContainsFunc(p.asked, func(q Query) bool { return !p.known[q] }) || !p.random {
		return p
	}
	p = t.newPass(ctx, x)
	p.likely = true
	_ = p.run()
	return p
}

// flagged returns the chosen queries of a pass, with Derived set.
func (t *Template) flagged(p *pass, choose func(Query) bool) (queries []Query) {
	for _, q := range p.asked {
		if choose(q) {
			queries = append(queries, q)
		}
	}
	constant := t.constantKeys()
	computed := func(q Query) bool { return !constant[q.Key()] }
	if !p.told || !slices.ContainsFunc(queries, computed) { // nothing can depend on what nobody said
		return queries
	}
	named := t.named(p)
	for i, q := range queries {
		queries[i].Derived = !named[q.Key()]
	}
	return queries
}

// named returns the keys of those queries of a pass whose names and contexts
// depend on no hidden answer: they are constants of the template, or asked for
// by an execution that knows no hidden answer and is only told which way each
// branch went.
func (t *Template) named(p *pass) map[Query]bool {
	named := t.runBlind(p.ctx, p.x, p.turns).keys
	maps.Copy(named, t.constantKeys())
	return named
}

func (t *Template) findConstantKeys() map[Query]bool {
	keys := map[Query]bool{}
	for _, r := range t.refs() {
		if !r.Dynamic {
			keys[r.Query.Key()] = true
		}
	}
	return keys
}

// runBlind executes over everything but hidden answers: what it asks for,
// prints and says holds no secret. With a guide it enters the branches that
// the guide entered, still without the values.
func (t *Template) runBlind(ctx context.Context, x *Rendering, guide map[place]turn) *pass {
	p := t.newPass(ctx, x)
	p.guide = guide
	p.withhold = func(q Query) bool { return q.Kind.Hidden() }
	_ = p.run()
	return p
}
