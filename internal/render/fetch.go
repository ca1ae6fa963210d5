package render

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// Want is one request. It is comparable: equal wants are asked once.
type Want struct {
	Store job.Store
	Ref   source.Ref
	Glob  bool // Ref.Name is a pattern; answered by Got.Values
}

// Got answers a Want.
type Got struct {
	Result source.Result            // of a Want without Glob; of one with it, only Err
	Values map[string]source.Result // of a Glob
}

// Opener gives the source of a store: prefix is empty for the store itself,
// else the prefix of the ref.
type Opener func(ctx context.Context, store job.Store, prefix string) (source.Source, error)

// FetchStats counts what a run asked for.
type FetchStats struct {
	Waves int `json:"waves"`
	Refs  int `json:"refs"`
	// Sources is how many of Refs each source has, by prefix; the store's is
	// "store".
	Sources map[string]int `json:"sources,omitempty"`
}

// Fetcher batches a run's secret requests. [Fetcher.Wave] deduplicates the refs
// of all jobs, groups them by store and source, and sends the groups
// concurrently. Results, including failures, are kept for the run, so no secret
// is requested twice. How a source spreads its own batch is up to the source.
//
// Its methods are called from one goroutine.
type Fetcher struct {
	open  Opener
	got   map[Want]Got
	stats FetchStats
}

// NewFetcher returns a Fetcher that opens sources by open, at the first want of each.
func NewFetcher(open Opener) *Fetcher {
	return &Fetcher{open: open, got: map[Want]Got{}}
}

// Got returns the answer to w, and false if w was in no wave yet.
func (f *Fetcher) Got(w Want) (Got, bool) {
	g, ok := f.got[w]
	return g, ok
}

// Stats returns what has been counted so far.
func (f *Fetcher) Stats() FetchStats { return f.stats }

type group struct {
	store  job.Store
	prefix string
}

// Wave asks for all wants that are not answered yet, at once, and returns when
// each has its answer. Errors are answers.
func (f *Fetcher) Wave(ctx context.Context, wants []Want) {
	groups := map[group][]Want{}
	seen := map[Want]bool{}
	for _, w := range wants {
		if _, known := f.got[w]; known || seen[w] {
			continue
		}
		seen[w] = true
		g := group{w.Store, w.Ref.Source}
		groups[g] = append(groups[g], w)
	}
	if len(groups) == 0 {
		return
	}
	answers := make(chan map[Want]Got, len(groups))
	var wg sync.WaitGroup
	for g, ws := range groups {
		wg.Go(func() { answers <- f.ask(ctx, g, ws) })
	}
	wg.Wait()
	close(answers)
	for a := range answers {
		for w, g := range a {
			f.got[w] = g
		}
	}
	if f.stats.Sources == nil {
		f.stats.Sources = map[string]int{}
	}
	for g, ws := range groups {
		f.stats.Sources[cmp.Or(g.prefix, "store")] += len(ws)
	}
	f.stats.Waves++
	f.stats.Refs += len(seen)
}

// ask puts the wants of one source to it: all refs in one batch, beside each
// pattern.
func (f *Fetcher) ask(ctx context.Context, g group, wants []Want) map[Want]Got {
	out := make(map[Want]Got, len(wants))
	src, err := f.open(ctx, g.store, g.prefix)
	if err != nil {
		for _, w := range wants {
			out[w] = failed(err)
		}
		return out
	}
	var refs []source.Ref
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, w := range wants {
		if !w.Glob {
			refs = append(refs, w.Ref)
			continue
		}
		wg.Go(func() {
			got := glob(ctx, src, w)
			mu.Lock()
			defer mu.Unlock()
			out[w] = got
		})
	}
	if len(refs) > 0 {
		results := src.Fetch(ctx, refs)
		mu.Lock()
		for _, r := range refs {
			out[Want{Store: g.store, Ref: r}] = Got{Result: results[r]}
		}
		mu.Unlock()
	}
	wg.Wait()
	return out
}

func glob(ctx context.Context, src source.Source, w Want) Got {
	globber, ok := src.(source.Globber)
	if !ok {
		return failed(fmt.Errorf("%w: this source cannot search by pattern", source.ErrRef))
	}
	values, err := globber.Glob(ctx, w.Ref)
	if err != nil {
		return failed(err)
	}
	return Got{Values: values}
}

func failed(err error) Got {
	return Got{Result: source.Result{Err: err}}
}
