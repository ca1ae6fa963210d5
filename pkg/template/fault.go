package template

import (
	"errors"
	"strings"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// ofValue reports whether an answer is at fault for what ended the real pass p, and
// not the template. It is the template's fault if an execution that knows no
// answer, and is only told which way each branch went, fails in the same way or
// knows the value that the real one failed at. So it does not matter by which
// variables, ranges and functions a value came.
func (t *Template) ofValue(e *Error, err error, p *pass) bool {
	call, isCall := errors.AsType[*callError](err)
	if isCall && (call.name == "fail" || p.steps > t.maxSteps) {
		return false // what a template says itself, or that does not end
	}
	blind := t.runOutside(p)
	if isCall && call.name != "" {
		if f, ok := errors.AsType[*funcs.Failure](call.err); ok && blind.heard[p.said(call.name, f.Text)] {
			return false
		}
	}
	at := place{p.path(), t.siteAt(t.offset(e.Line, e.Col))}
	if isCall && call.name != "" {
		return !blind.endedAt(at)
	}
	return !blind.noted[at] && !blind.endedAt(at)
}

// runOutside executes without answers but those of the clock, on the way that
// another pass took.
func (t *Template) runOutside(guide *pass) *pass {
	p := t.newPass(guide.ctx, guide.lookup)
	p.guide = guide.turns
	p.withhold = func(q Query) bool { return q.Kind != Now && q.Kind != Zone }
	p.failed = p.run()
	return p
}

// endedAt reports whether a pass ended at a place.
func (p *pass) endedAt(at place) bool {
	if p.failed == nil {
		return false
	}
	line, col, ok := placeIn(p.failed)
	return ok && at == place{p.path(), p.t.siteAt(p.t.offset(line, col))}
}

// offset is where a line and column are in the text.
func (t *Template) offset(line, col int) int {
	start := 0
	for range line - 1 {
		next := strings.IndexByte(t.text[start:], '\n')
		if next < 0 {
			break
		}
		start += next + 1
	}
	return start + col - 1
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
