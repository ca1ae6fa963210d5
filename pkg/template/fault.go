package template

import (
	"errors"
	"slices"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// failure identifies the failure of a real pass in other passes.
type failure struct {
	at   place
	said string // the error of a function about its arguments, or empty
}

// in reports whether a pass met the failure too: the function failed with the same
// error, the pass ended at that place, or it knew the value that a real pass refuses.
func (f failure) in(p *pass) bool {
	if f.said != "" {
		return p.heard[f.said] || p.endedAt(f.at)
	}
	return p.noted[f.at] || p.endedAt(f.at)
}

// findFault determines whether an answer caused the failure of the real pass p, and
// which one. It is the template's fault if an execution that knows no answer, and only
// follows the branches of p, meets the same failure. It is an answer's fault if an
// execution without that answer does not. So it does not matter by which variables,
// ranges and functions a value came.
func (t *Template) findFault(e *Error, err error, p *pass) (causes []Query) {
	if e.Line == 0 { // the output is too large
		return nil
	}
	offset, _ := t.offsetIn(err)
	f := failure{at: place{p.path(), t.siteAt(offset)}}
	if call, ok := errors.AsType[*callError](err); ok && call.name != "" {
		if _, isFailure := errors.AsType[*funcs.Failure](call.err); isFailure && isOwnMessage(call.name) {
			return nil
		}
		f.said = p.said(call.name, funcs.Describe(call.err).Text)
	}
	if p.spent || f.in(t.runOutside(p)) {
		return nil
	}
	e.OfValue = true
	return t.causes(f, p)
}

// causes returns the queries without whose answers a failure does not happen: all
// of a few, or one of many.
func (t *Template) causes(f failure, p *pass) (causes []Query) {
	queries := distinct(t.flagged(p, func(q Query) bool { return q.Kind != Now && q.Kind != Zone }))
	for len(queries) > maxSingly {
		half := queries[:len(queries)/2]
		if f.in(t.runWithout(p, half...)) {
			half = queries[len(queries)/2:]
		}
		queries = half
	}
	for _, q := range queries {
		if !f.in(t.runWithout(p, q)) {
			causes = append(causes, q)
		}
	}
	return causes
}

// runWithout executes over all answers but some, on the way that another pass took.
func (t *Template) runWithout(guide *pass, left ...Query) *pass {
	return t.runOn(guide, func(q Query) bool {
		return slices.ContainsFunc(left, func(l Query) bool { return l.Key() == q.Key() })
	})
}

// runOutside executes without answers but those of the clock, on the way that
// another pass took.
func (t *Template) runOutside(guide *pass) *pass {
	return t.runOn(guide, func(q Query) bool { return q.Kind != Now && q.Kind != Zone })
}

func (t *Template) runOn(guide *pass, withhold func(Query) bool) *pass {
	p := t.newPass(guide.ctx, guide.x)
	p.guide, p.withhold, p.blames = guide.turns, withhold, true
	p.failed = p.run()
	return p
}

// endedAt reports whether a pass ended at a place.
func (p *pass) endedAt(at place) bool {
	if p.failed == nil {
		return false
	}
	offset, ok := p.t.offsetIn(innermost(p.failed))
	return ok && at == place{p.path(), p.t.siteAt(offset)}
}

// siteAt returns the site of the action that an offset lies in: the last that
// begins before it.
func (t *Template) siteAt(offset int) int {
	found, from := -1, -1
	for id, s := range t.sites {
		if pos := int(s.pos); pos <= offset && pos > from {
			found, from = id, pos
		}
	}
	return found
}
