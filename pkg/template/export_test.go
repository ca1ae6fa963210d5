package template

import (
	"context"
)

// SetMaxSteps lowers the bound of a pass, which takes the race detector a
// minute to reach.
func (t *Template) SetMaxSteps(n int) { t.maxSteps = n }

// SetMaxMade lowers the bound of the values of a pass, in bytes.
func (t *Template) SetMaxMade(n int) { t.maxMade = n }

// Settled reports whether the template need not be executed again to know what it
// asks for.
func (x *Rendering) Settled(ctx context.Context) bool { return x.t.complete(x.t.queries(ctx, x)) }

// Queries returns what executing the template asks for now.
func (x *Rendering) Queries(ctx context.Context) []Query { return x.t.queries(ctx, x) }

// Batch fetches one batch and returns what was in it.
func (x *Rendering) Batch(ctx context.Context) []Query {
	batch := distinct(x.missing(ctx))
	x.f.fetch(ctx, batch)
	return batch
}

// Used returns the keys of what a real pass asks for, and false if it fails.
func (x *Rendering) Used(ctx context.Context) (map[Query]bool, bool) {
	p := x.t.newPass(ctx, x)
	p.real = true
	err := p.run()
	return p.keys, err == nil
}

// Template returns the template.
func (x *Rendering) Template() *Template { return x.t }

// FunctionNames returns the names of all functions that templates can call, less
// text/template's own and, or and call.
func FunctionNames() []string { return names() }
