package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// SecretsError names every secret that is missing or refused.
type SecretsError struct {
	Failures []*source.RefError
	where    []string // by failure: what asks for it, or empty
}

func (e *SecretsError) Error() string {
	lines := make([]string, 0, len(e.Failures))
	for _, err := range e.Unwrap() {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the failures, each with the place that asks for it.
func (e *SecretsError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f
		if i < len(e.where) && e.where[i] != "" {
			errs[i] = fmt.Errorf("%w; requested at %s", f, source.Show(e.where[i]))
		}
	}
	return errs
}

// hiddenName stands for a name that depends on a secret.
const hiddenName = "(name hidden: it depends on a secret)"

// Missing returns a [*SecretsError] that names every secret that renderings ask for
// and cannot have, or nil. [Gather] has fetched them.
func Missing(all ...*Rendering) error {
	e := &SecretsError{}
	seen := map[Query]bool{}
	for _, x := range all {
		for _, q := range x.asked {
			if !seen[q] {
				seen[q] = true
				e.add(x, q)
			}
		}
	}
	if len(e.Failures) == 0 {
		return nil
	}
	for _, f := range e.Failures {
		e.where = append(e.where, whereAsked(all, f.Ref))
	}
	return e
}

// add notes what failed of an answer.
func (e *SecretsError) add(x *Rendering, q Query) {
	ref, fetched := q.SourceRef()
	a, known := x.Answer(q)
	if !fetched || !known || q.Optional && errors.Is(a.Err, source.ErrNotFound) {
		return
	}
	e.fail(ref, q.Derived, a.Err)
	for _, name := range slices.Sorted(maps.Keys(a.Values)) {
		e.fail(source.Ref{Source: ref.Source, Name: name, Context: ref.Context}, q.Derived, a.Values[name].Err)
	}
}

func (e *SecretsError) fail(ref source.Ref, derived bool, cause error) {
	if cause == nil {
		return
	}
	if inner, ok := errors.AsType[*source.RefError](cause); ok && (derived || inner.Ref == ref) {
		cause = inner.Err // the name is shown by ref, or not at all
	}
	if derived {
		ref, cause = source.Ref{Name: hiddenName}, source.Nameless(cause)
	}
	e.Failures = append(e.Failures, &source.RefError{Ref: ref, Err: cause})
}

// whereAsked returns file:line:column of the first call that asks for ref, the origin
// of a file that is one secret, or "" where several calls compute their names and any
// of them may be meant.
func whereAsked(all []*Rendering, ref source.Ref) string {
	var computed []string
	for _, x := range all {
		if x.t == nil {
			if x.secret.Ref == ref {
				return x.origin
			}
			continue
		}
		for _, call := range x.t.refs() {
			at := fmt.Sprintf("%s:%d:%d", call.Template, call.Line, call.Col)
			switch {
			case call.Kind != Secret && call.Kind != Secrets:
			case call.Dynamic:
				computed = append(computed, at)
			case asksFor(call.Query, ref):
				return at
			}
		}
	}
	if len(computed) == 1 {
		return computed[0]
	}
	return ""
}

func asksFor(q Query, ref source.Ref) bool {
	if q.Kind == Secrets && source.Match(q.Ref.Name, ref.Name) {
		ref.Name = q.Ref.Name
	}
	return q.Ref == ref
}
