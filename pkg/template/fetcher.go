package template

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/source"
)

// Answer is the result of a [Query]: that of a secret, or all values that a pattern
// matches.
type Answer struct {
	source.Result                          // of a pattern, Err alone
	Values        map[string]source.Result // by name
}

// Fetcher fetches what templates ask for from one source. It keeps each answer,
// failures too, so that no secret is requested twice. Its methods are called from
// one goroutine.
type Fetcher struct {
	src source.Source
	got map[Query]Answer
}

// NewFetcher returns a Fetcher that knows nothing yet.
func NewFetcher(src source.Source) *Fetcher { return &Fetcher{src, map[Query]Answer{}} }

// Stats counts what was fetched.
type Stats struct {
	Batches int `json:"batches"`
	Refs    int `json:"refs"`
	// Sources is how many of Refs each source has, by prefix; that of the store is
	// "store".
	Sources map[string]int `json:"sources,omitempty"`
}

// Add adds what other counts.
func (s *Stats) Add(other Stats) {
	s.Batches += other.Batches
	s.Refs += other.Refs
	for prefix, n := range other.Sources {
		if s.Sources == nil {
			s.Sources = map[string]int{}
		}
		s.Sources[prefix] += n
	}
}

func (s *Stats) count(queries []Query) {
	for _, q := range queries {
		ref, _ := q.SourceRef()
		s.Add(Stats{Refs: 1, Sources: map[string]int{cmp.Or(ref.Source, "store"): 1}})
	}
}

// missing returns those of queries that a source answers and has not, each once.
func (f *Fetcher) missing(queries []Query) (missing []Query) {
	for _, q := range queries {
		if _, fetched := q.SourceRef(); !fetched {
			continue
		}
		if _, known := f.got[q.Key()]; !known {
			missing = append(missing, q)
		}
	}
	return missing
}

// fetch asks for all refs in one batch, beside each pattern.
func (f *Fetcher) fetch(ctx context.Context, queries []Query) {
	var refs []source.Ref
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, q := range queries {
		ref, _ := q.SourceRef()
		if q.Kind != Secrets {
			refs = append(refs, ref)
			continue
		}
		wg.Go(func() {
			values, err := f.glob(ctx, ref)
			mu.Lock()
			defer mu.Unlock()
			f.got[q.Key()] = Answer{Result: source.Result{Err: err}, Values: values}
		})
	}
	results := f.results(ctx, refs)
	wg.Wait()
	for _, q := range queries {
		if ref, _ := q.SourceRef(); q.Kind != Secrets {
			f.got[q.Key()] = Answer{Result: results[ref]}
		}
	}
}

func (f *Fetcher) results(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	switch {
	case len(refs) == 0:
		return nil
	case f.src != nil:
		return source.Complete(refs, f.src.Fetch(ctx, refs))
	}
	none := map[source.Ref]source.Result{}
	for _, ref := range refs {
		none[ref] = source.Result{Err: source.ErrNoSource}
	}
	return none
}

func (f *Fetcher) glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	if globber, ok := f.src.(source.Globber); ok {
		return globber.Glob(ctx, pattern)
	}
	return nil, fmt.Errorf("%w: this source cannot search by pattern", source.ErrRef)
}

// maxBatches bounds how deep names of secrets may be hidden in secrets.
const maxBatches = 32

// ErrTooDeep is the error of a template in which secrets name secrets, and those
// name others, without end.
var ErrTooDeep = fmt.Errorf("secrets name other secrets more than %d levels deep", maxBatches)

// Gather fetches all that renderings ask for: one batch for everything that does
// not depend on a secret, and one more for each level of secrets that name secrets.
// Each batch is deduplicated, and different fetchers work concurrently. Failures are
// answers: see [Missing].
func Gather(ctx context.Context, all ...*Rendering) (s Stats) {
	for range maxBatches {
		missing := map[*Fetcher][]Query{}
		for _, x := range all {
			if queries := x.missing(ctx); len(queries) > 0 {
				missing[x.f] = append(missing[x.f], queries...)
			}
		}
		if len(missing) == 0 {
			return s
		}
		var wg sync.WaitGroup
		for f, queries := range missing {
			queries = distinct(queries)
			s.count(queries)
			wg.Go(func() { f.fetch(ctx, queries) })
		}
		wg.Wait()
		s.Batches++
	}
	for _, x := range all {
		x.tooDeep = len(x.missing(ctx)) > 0
	}
	return s
}

// distinct returns queries that are answered by different fetches.
func distinct(queries []Query) (all []Query) {
	seen := map[Query]bool{}
	for _, q := range queries {
		if !seen[q.Key()] {
			seen[q.Key()] = true
			all = append(all, q)
		}
	}
	return all
}

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
