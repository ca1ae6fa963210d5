package source

import (
	"context"
	"fmt"
	"sync"
)

// ByPrefix is a source that opens one of several others by the prefix of a ref:
// empty for the store, "ssm" and so on. The open function is called for each batch
// and keeps what it has opened itself.
type ByPrefix func(ctx context.Context, prefix string) (Source, error)

// Fetch implements [Source]: the refs of each prefix are one batch, and the batches
// run concurrently.
func (open ByPrefix) Fetch(ctx context.Context, refs []Ref) map[Ref]Result {
	batches := map[string][]Ref{}
	for _, r := range refs {
		batches[r.Source] = append(batches[r.Source], r)
	}
	results := make(map[Ref]Result, len(refs))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for prefix, batch := range batches {
		wg.Go(func() {
			src, err := open(ctx, prefix)
			var found map[Ref]Result
			if err == nil {
				found = Complete(batch, src.Fetch(ctx, batch))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, r := range batch {
				if err != nil {
					results[r] = Result{Err: err}
				} else {
					results[r] = found[r]
				}
			}
		})
	}
	wg.Wait()
	return results
}

// Glob implements [Globber].
func (open ByPrefix) Glob(ctx context.Context, pattern Ref) (map[string]Result, error) {
	src, err := open(ctx, pattern.Source)
	if err != nil {
		return nil, err
	}
	globber, ok := src.(Globber)
	if !ok {
		return nil, fmt.Errorf("%w: this source cannot search by pattern", ErrRef)
	}
	return globber.Glob(ctx, pattern)
}
