package store

import (
	"context"
	"slices"
)

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
