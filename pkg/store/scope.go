package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Contexts returns the encryption contexts to try for a name, in that order. An
// empty list means one context without pairs.
type Contexts func(name string) []source.Context

// Always returns Contexts with the same context for every name.
func Always(c source.Context) Contexts {
	return func(string) []source.Context { return []source.Context{c} }
}

func (c Contexts) of(name string) []source.Context {
	if c != nil {
		if all := c(name); len(all) > 0 {
			return all
		}
	}
	return []source.Context{{}}
}

// Scope selects the secrets of an operation on many, and reports its progress.
type Scope struct {
	// Pattern of names, * for any characters; empty: all. If it matches nothing,
	// the operation fails with source.ErrNoMatch, except GetAll, which returns an
	// empty result. Copy and Verify fail for an empty store too: there is nothing
	// that they have proved or saved.
	Pattern  string
	Contexts Contexts
	DryRun   bool // find out what would be done, and change nothing
	// Progress, if set, is called with the number of items that are done. Calls do
	// not overlap.
	Progress func(done, total int)
}

func (sc Scope) wants(name string) bool { return sc.Pattern == "" || source.Match(sc.Pattern, name) }

// Action is what an operation did to a stored version, or with DryRun would do.
type Action string

// Actions of the operations on many secrets.
const (
	Kept     Action = ""          // nothing was to be done
	Deleted  Action = "deleted"   // by Prune
	Rekeyed  Action = "rekeyed"   // by Rekey
	Padded   Action = "padded"    // by Migrate: To is its version now
	PutAgain Action = "put again" // by Migrate: sealed anew, in place
	Rescued  Action = "rescued"   // by Migrate: put again with its bytes repaired
	// Unhidden, by Migrate and Copy: To is the newest now, and Version was. A value that
	// was stored and never seen is seen from now on.
	Unhidden Action = "unhidden"
	Stored   Action = "stored" // by Copy and PutAll
)

// Outcome is the result for one stored version.
type Outcome struct {
	Name, Version string
	Action        Action
	To            string
	Size          int   // of the value in bytes, where the action is Stored
	Err           error // why nothing was done; else nil
}

// changeConcurrency limits the items that are changed at once, so that other users of
// the table are not throttled. A local store has one writer at a time anyway.
const changeConcurrency = 32

// over calls f for 0 to n-1, concurrently up to limit and the store's own, and
// reports progress. When ctx ends it starts no more calls and returns ctx's error.
func (s *Store) over(ctx context.Context, sc Scope, n, limit int, f func(i int)) error {
	var mu sync.Mutex
	done := 0
	var g errgroup.Group
	g.SetLimit(min(limit, s.o.Concurrency))
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			f(i)
			if sc.Progress != nil {
				mu.Lock()
				defer mu.Unlock()
				done++
				sc.Progress(done, n)
			}
			return nil
		})
	}
	_ = g.Wait()
	return ctx.Err()
}

// change calls do for every element and returns the outcomes in order. With an error,
// it returns the outcomes so far.
func change[T any](ctx context.Context, s *Store, sc Scope, all []T, do func(T) []Outcome) ([]Outcome, error) {
	got := make([][]Outcome, len(all))
	err := s.over(ctx, sc, len(all), changeConcurrency, func(i int) { got[i] = do(all[i]) })
	return slices.Concat(got...), err
}

// gather scans whole items, sorted by name and version.
func (s *Store) gather(ctx context.Context, sc Scope) ([]credstash.Item, error) {
	items, err := s.scan(ctx, sc.wants, func(it credstash.Item) credstash.Item { return it })
	return items, sc.matched(items, err)
}

// matched returns source.ErrNoMatch if a pattern matches nothing, because the
// operation would then do nothing and report success.
func (sc Scope) matched(items []credstash.Item, err error) error {
	if err == nil && sc.Pattern != "" && len(items) == 0 {
		return source.ErrNoMatch
	}
	return err
}

// held scans for items without their contents, sorted by name and version: what
// Writer.Delete needs.
func (s *Store) held(ctx context.Context, want func(name string) bool) ([]credstash.Item, error) {
	return s.scan(ctx, want, func(it credstash.Item) credstash.Item {
		return credstash.Item{Name: it.Name, Version: it.Version, Comment: it.Comment, Algorithm: it.Algorithm, Key: it.Key}
	})
}

func (s *Store) scan(ctx context.Context, want func(name string) bool, keep func(credstash.Item) credstash.Item) ([]credstash.Item, error) {
	var items []credstash.Item
	for item, err := range s.o.Scanner.Scan(ctx, false) {
		if err != nil {
			return nil, err
		}
		if want(item.Name) {
			items = append(items, keep(item))
		}
	}
	slices.SortFunc(items, func(a, b credstash.Item) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return items, nil
}

// byName splits a slice that is sorted by name into one part for each name.
func byName(all []credstash.Item) (groups [][]credstash.Item) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Name == all[0].Name {
			n++
		}
		groups = append(groups, all[:n:n])
		all = all[n:]
	}
	return groups
}

// movable returns an error if an item cannot be written again as it is, because a part
// that was not understood would be lost.
func movable(it credstash.Item) error {
	if it.Fault != nil {
		return it.Fault
	}
	if len(it.Key) == 0 {
		return cmp.Or(it.Check(), fmt.Errorf("%w: no data key", source.ErrIntegrity))
	}
	return nil
}
