package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// List implements source.Lister with one scan of the keys.
func (s *Store) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	return s.entries(ctx, func(name string) bool { return pattern == "" || source.Match(pattern, name) })
}

func (s *Store) entries(ctx context.Context, want func(name string) bool) ([]source.Entry, error) {
	entries := []source.Entry{}
	for item, err := range s.o.Scanner.Scan(ctx, true) {
		if err != nil {
			return nil, err
		}
		if want(item.Name) {
			entries = append(entries, entry(item))
		}
	}
	slices.SortFunc(entries, func(a, b source.Entry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return entries, nil
}

func entry(item credstash.Item) source.Entry {
	return source.Entry{Name: item.Name, Version: item.Version, Comment: item.Comment}
}

// Namer is an optional part of a [Store] that lists some names at little cost.
type Namer interface {
	// SomeNames returns the names of the first page of the table, in any order and
	// possibly repeated.
	SomeNames(ctx context.Context) ([]string, error)
}

// SomeNames returns names of the store, sorted and distinct. A large table has more: it
// returns those of one page, which is enough to complete a word on a command line.
func (s *Store) SomeNames(ctx context.Context) ([]string, error) {
	var names []string
	if s.o.Namer != nil {
		page, err := s.o.Namer.SomeNames(ctx)
		if err != nil {
			return nil, err
		}
		names = page
	} else {
		entries, err := s.List(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
