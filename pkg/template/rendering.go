package template

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template/mask"
)

// Rendering is one template with what answers it. [Gather] finds out what it asks
// for and fetches that; then it is executed.
type Rendering struct {
	f       *Fetcher
	r       Resolver
	t       *Template // nil: the file is the secret
	secret  Query
	origin  string
	asked   []Query // nil: the template was not executed yet
	tooDeep bool
}

// Template returns a rendering of a template. The fetcher stands for the Source of
// the resolver.
func (f *Fetcher) Template(t *Template, r Resolver) *Rendering {
	return &Rendering{f: f, r: r, t: t}
}

// Secret returns a rendering of a file that is one secret, byte for byte. Errors name
// origin as the place that asks for it.
func (f *Fetcher) Secret(ref source.Ref, origin string, r Resolver) *Rendering {
	q := Query{Kind: Secret, Ref: ref}
	return &Rendering{f: f, r: r, secret: q, origin: origin, asked: []Query{q}}
}

// Asked returns all that the template asks for, as of the last [Gather], without
// duplicates and in order.
func (x *Rendering) Asked() []Query { return x.asked }

// Answer returns the answer to a query that a source answers, and false if it is not
// known yet.
func (x *Rendering) Answer(q Query) (Answer, bool) {
	a, ok := x.f.got[q.Key()]
	switch {
	case !ok:
		return a, false
	case q.Kind == Secrets && a.Err == nil && len(a.Values) == 0 && (x.r.AllowNoMatch == nil || !x.r.AllowNoMatch(q.Ref)):
		a.Err = source.ErrNoMatch
	case q.Optional && errors.Is(a.Err, source.ErrNotFound) && x.r.Required != nil:
		if err := x.r.Required(q.Ref); err != nil {
			a.Err = err
		}
	}
	return a, true
}

// answer is [Rendering.Answer] for a pass.
func (x *Rendering) answer(q Query) (Answer, error) {
	a, ok := x.Answer(q)
	if !ok {
		return a, ErrPending
	}
	return a, a.Err
}

// missing executes the template, if that can tell more than before, and returns what
// is not fetched yet.
func (x *Rendering) missing(ctx context.Context) []Query {
	if x.t != nil && (x.asked == nil || !x.t.complete(x.asked)) {
		x.asked = append([]Query{}, x.t.queries(ctx, x)...)
	}
	return x.f.missing(x.asked)
}

// Execute renders the template over what was fetched. Errors are of type [*Error];
// they wrap the error of the answer that made them, [ErrNotAllowed], [ErrNotFetched]
// or the error of ctx, and never hold a value.
func (x *Rendering) Execute(ctx context.Context) (Output, error) {
	switch {
	case x.tooDeep:
		return Output{}, ErrTooDeep
	case x.t != nil:
		return x.t.execute(ctx, x)
	}
	a, err := x.answer(x.secret)
	return Output{Bytes: a.Secret.Reveal()}, err
}

// Mask returns which parts of what Execute returned may be shown: the template's own
// text, and what an execution that knows no hidden answer ([Kind.Hidden]) prints byte
// for byte the same at the same place. All else is hidden under a label that names
// what it depends on. The error is that of ctx.
//
// The output of a branch that a hidden answer chose is hidden as a whole, except that of a
// with or range over a fetched value itself, which tells only that there is a value.
func (x *Rendering) Mask(ctx context.Context, out Output) (mask.Text, error) {
	if x.t == nil {
		return mask.Hidden(Label(x.secret), out.Bytes), nil
	}
	return x.t.mask(ctx, x, out)
}
