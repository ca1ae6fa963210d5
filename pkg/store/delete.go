package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Delete deletes one version of a secret, in the first stored form of
// credstash.Candidates. With an empty version it deletes all versions, oldest first,
// so that readers never get an older value meanwhile. It returns what it deleted, with
// an error too: source.ErrNotFound if there was nothing to delete, source.ErrChanged
// if another writer has replaced a version meanwhile, which stays.
func (s *Store) Delete(ctx context.Context, name, version string) ([]source.Entry, error) {
	stored, err := s.stored(ctx, name, version)
	if err != nil {
		return nil, err
	}
	var gone []source.Entry
	for _, item := range stored {
		if err := s.o.Writer.Delete(ctx, item); err != nil {
			return gone, fmt.Errorf("delete version %s: %w", source.Show(item.Version), err)
		}
		gone = append(gone, entry(item))
	}
	return gone, nil
}

// Deletable returns what Delete would remove, and removes nothing.
func (s *Store) Deletable(ctx context.Context, name, version string) ([]source.Entry, error) {
	stored, err := s.stored(ctx, name, version)
	entries := make([]source.Entry, len(stored))
	for i, item := range stored {
		entries[i] = entry(item)
	}
	return entries, err
}

// stored returns the versions that Delete deletes.
func (s *Store) stored(ctx context.Context, name, version string) ([]credstash.Item, error) {
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
	return stored, nil
}

// versions returns the stored versions of a name, oldest first, without contents.
func (s *Store) versions(ctx context.Context, name string) ([]credstash.Item, error) {
	if s.o.VersionLister == nil {
		return s.held(ctx, func(n string) bool { return n == name })
	}
	return s.o.VersionLister.Versions(ctx, name)
}

func only(stored []credstash.Item, version string) []credstash.Item {
	for _, v := range credstash.Candidates(version) {
		if i := slices.IndexFunc(stored, func(it credstash.Item) bool { return it.Version == v }); i >= 0 {
			return stored[i : i+1]
		}
	}
	return nil
}
