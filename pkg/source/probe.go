package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
)

// FetchEach calls fetch for each ref, concurrently up to limit. It is the
// [Source.Fetch] of a back end that has no batches.
func FetchEach(refs []Ref, limit int, fetch func(Ref) Result) map[Ref]Result {
	results := concurrently(refs, limit, fetch)
	byRef := make(map[Ref]Result, len(refs))
	for i, r := range refs {
		byRef[r] = results[i]
	}
	return byRef
}

// ProbeEach calls changed for each value, concurrently up to limit. It is the
// [Prober.Probe] of a back end that has no batches.
func ProbeEach(known []Known, limit int, changed func(Known) (bool, error)) ([]Ref, error) {
	type answer struct {
		changed bool
		err     error
	}
	answers := concurrently(known, limit, func(k Known) (a answer) {
		a.changed, a.err = changed(k)
		return a
	})
	var found Findings
	for i, k := range known {
		found.Add(k.Ref, answers[i].changed, answers[i].err)
	}
	return found.Result()
}

// ProbeFetched compares what fetch returns with the traces of known values. It is the
// [Prober.Probe] of a back end that can look for a value at no cost, whatever its size.
func ProbeFetched(known []Known, fetch func([]Ref) map[Ref]Result) ([]Ref, error) {
	refs := make([]Ref, len(known))
	for i, k := range known {
		refs[i] = k.Ref
	}
	results := fetch(refs)
	var found Findings
	for _, k := range known {
		seen := results[k.Ref]
		if seen.Trace.Absent {
			seen.Err = nil
		}
		seen.Trace.Size = k.Trace.Size // of a value that is not decrypted it may differ
		found.Add(k.Ref, seen.Trace != k.Trace, seen.Err)
	}
	return found.Result()
}

func concurrently[T, R any](all []T, limit int, f func(T) R) []R {
	results := make([]R, len(all))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, one := range all {
		g.Go(func() error { results[i] = f(one); return nil })
	}
	_ = g.Wait() // always nil
	return results
}

// ProbeError is the error of a [Prober] or [ConsistentProber] that got no answer about some refs,
// because of throttling, the network or the end of the context. It comes with the result
// for the other refs. Refs without an answer do not count as changed: fetching them would
// send more requests to a service that does not answer.
type ProbeError struct{ Unseen map[Ref]error }

// Error names one of the refs, the same one each time.
func (e *ProbeError) Error() string {
	var all []string
	for ref, err := range e.Unseen {
		all = append(all, (&RefError{ref, err}).Error())
	}
	slices.Sort(all)
	if len(all) > 1 {
		return fmt.Sprintf("%s; and %d more", all[0], len(all)-1)
	}
	return all[0]
}

func (e *ProbeError) Unwrap() []error {
	var all []error
	for _, err := range e.Unseen {
		all = append(all, err)
	}
	return all
}

// Unanswered reports whether err means only that there was no answer, which any other
// process would get now too. ErrCredentials alone does not: another process may find other
// credentials.
func Unanswered(err error) bool {
	kinds := []error{ErrThrottled, ErrUnreachable, context.Canceled, context.DeadlineExceeded}
	return slices.ContainsFunc(kinds, func(k error) bool { return errors.Is(err, k) })
}

// Findings collects the result of a probe. The zero Findings is ready. It is not safe for
// concurrent use.
type Findings struct {
	changed []Ref
	unseen  map[Ref]error
}

// Add adds the result for one ref. An error that is an answer, such as ErrDenied, counts
// as a change: the following fetch reports it.
func (f *Findings) Add(ref Ref, changed bool, err error) {
	switch {
	case Unanswered(err):
		if f.unseen == nil {
			f.unseen = map[Ref]error{}
		}
		f.unseen[ref] = err
	case changed || err != nil:
		f.changed = append(f.changed, ref)
	}
}

// Result returns the refs that may have changed, and a *ProbeError if some got no answer.
func (f *Findings) Result() ([]Ref, error) {
	if len(f.unseen) > 0 {
		return f.changed, &ProbeError{f.unseen}
	}
	return f.changed, nil
}
