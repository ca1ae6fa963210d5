package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Delete removes one version of a secret, in the first of the forms of
// credstash.Candidates that is stored, or with an empty version all of them,
// oldest first, so that an older value is never the newest meanwhile. It returns
// what it deleted, also beside an error; source.ErrNotFound where there was
// nothing to delete.
func (s *Store) Delete(ctx context.Context, name, version string) ([]source.Entry, error) {
	stored, err := s.versions(ctx, name)
	if err != nil {
		return nil, err
	}
	if version != "" {
		stored = only(stored, version)
	}
	if len(stored) == 0 {
		return nil, source.ErrNotFound
	}
	for i, e := range stored {
		if err := s.o.Writer.Delete(ctx, e.Name, e.Version); err != nil {
			return stored[:i], fmt.Errorf("delete version %s: %w", source.Show(e.Version), err)
		}
	}
	return stored, nil
}

// versions returns what is stored of one name, oldest first.
func (s *Store) versions(ctx context.Context, name string) ([]source.Entry, error) {
	if s.o.Historian == nil {
		return s.entries(ctx, func(n string) bool { return n == name })
	}
	items, err := s.o.Historian.Versions(ctx, name)
	if err != nil {
		return nil, err
	}
	entries := make([]source.Entry, len(items))
	for i, item := range items {
		entries[i] = entry(item)
	}
	return entries, nil
}

func only(stored []source.Entry, version string) []source.Entry {
	for _, v := range credstash.Candidates(version) {
		if i := slices.IndexFunc(stored, func(e source.Entry) bool { return e.Version == v }); i >= 0 {
			return stored[i : i+1]
		}
	}
	return nil
}
