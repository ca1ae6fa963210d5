package render

import (
	"errors"
	"maps"
	"slices"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// asked collects what the files of a job are made of.
type asked struct {
	seen     map[template.Query]bool
	failures []*source.RefError
	trace    []source.Known
	secrets  []source.Secret
	// untraced is set where a name that was asked for depends on a secret: it
	// is neither shown nor stored.
	untraced bool
	globs    []source.Ref
	machine  []state.Asked
	clock    bool // the time was asked for
}

// hiddenName stands for a name that depends on a secret.
const hiddenName = "(name hidden: it depends on a secret)"

// collect adds a query that template.Asked returned: it alone knows whether the
// name depends on a secret.
func (r *round) collect(p *Planned, a *asked, q template.Query) {
	want, fetched := wantOf(p.Job, q)
	if !fetched {
		a.local(q)
		return
	}
	got, ok := r.fetcher.Got(want)
	if !ok || !a.first(q) {
		return
	}
	if q.Kind == template.Secrets {
		if got.Result.Err == nil && len(got.Values) == 0 && !r.mayMatchNothing(p, q.Ref) {
			got.Result.Err = source.ErrNoMatch
		}
		a.glob(q, got)
		return
	}
	res := r.result(p, q, got)
	if q.Optional && errors.Is(res.Err, source.ErrNotFound) {
		a.absent(q)
		return
	}
	a.result(want.Ref, q.Derived, res)
}

// mayMatchNothing reports whether a list of secrets may be empty. As where names
// are allowed, a pattern is permitted by one that its own text matches.
func (r *round) mayMatchNothing(p *Planned, pattern source.Ref) bool {
	return r.o.AllowNoMatch || slices.ContainsFunc(p.Job.AllowNoMatch, func(allowed string) bool {
		return source.Match(allowed, pattern.Text())
	})
}

// local notes a question to the machine. The host's salts stay what they are.
func (a *asked) local(q template.Query) {
	switch {
	case !a.first(q):
	case q.Kind == template.Now:
		a.clock = true
	case q.Derived:
		a.untraced = true
	case q.Kind != template.Salt:
		a.machine = append(a.machine, state.Asked{Kind: string(q.Kind), Name: q.Name})
	}
}

// first reports whether q is collected for the first time.
func (a *asked) first(q template.Query) bool {
	if a.seen[q] {
		return false
	}
	if a.seen == nil {
		a.seen = map[template.Query]bool{}
	}
	a.seen[q] = true
	return true
}

func (a *asked) glob(q template.Query, got Got) {
	if got.Result.Err != nil {
		a.result(q.Ref, q.Derived, got.Result)
	}
	if !q.Derived {
		a.globs = append(a.globs, q.Ref)
	}
	for _, name := range slices.Sorted(maps.Keys(got.Values)) {
		ref := source.Ref{Source: q.Ref.Source, Name: name, Context: q.Ref.Context}
		a.result(ref, q.Derived, got.Values[name])
	}
}

// absent notes a secret that was not there, and whose default was taken.
func (a *asked) absent(q template.Query) {
	if q.Derived {
		a.untraced = true
		return
	}
	a.trace = append(a.trace, source.Known{Ref: q.Ref, Trace: source.Trace{Absent: true}})
}

func (a *asked) result(ref source.Ref, derived bool, res source.Result) {
	if derived {
		ref, a.untraced = source.Ref{Name: hiddenName}, true
	}
	if res.Err != nil {
		cause := res.Err
		if inner, ok := errors.AsType[*source.RefError](cause); ok && (derived || inner.Ref == ref) {
			cause = inner.Err // the name is said by ref, or not at all
		}
		if derived {
			cause = source.Nameless(cause)
		}
		a.failures = append(a.failures, &source.RefError{Ref: ref, Err: cause})
		return
	}
	if ref.Source != source.EC2 { // facts are no secrets, and stay legible in the output of hooks
		a.secrets = append(a.secrets, res.Secret)
	}
	if !derived {
		a.trace = append(a.trace, source.Known{Ref: ref, Trace: res.Trace})
	}
}
