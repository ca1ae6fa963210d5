package source

import "golang.org/x/sync/errgroup"

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
