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

// Prune deletes all but the newest keep versions (at least 1) of every name in
// scope, the oldest first, and returns what it deleted. A name with unpadded or
// hidden versions is left alone, with credstash.ErrUnpadded: their order is not that of
// their numbers, and the newest value may be one that they hide. Of names in
// which versions are not numbers (dates, words) their byte order counts, as it
// does for readers. A version that another writer replaced after the versions were
// counted stays, with source.ErrChanged: it may be the newest now.
func (s *Store) Prune(ctx context.Context, keep int, sc Scope) ([]Outcome, error) {
	if keep < 1 {
		return nil, fmt.Errorf("keep %d versions: at least 1 must stay", keep)
	}
	items, err := s.held(ctx, sc.wants)
	if err = sc.matched(items, err); err != nil {
		return nil, err
	}
	groups := slices.DeleteFunc(byName(items), func(g []credstash.Item) bool { return len(g) <= keep })
	return change(ctx, s, sc, groups, func(g []credstash.Item) []Outcome { return s.prune(ctx, keep, sc.DryRun, g) })
}

// prune deletes versions of one name, oldest first, and stops at an error, so that it
// leaves no gaps.
func (s *Store) prune(ctx context.Context, keep int, dryRun bool, versions []credstash.Item) (done []Outcome) {
	for _, e := range versions {
		hidden := func(other credstash.Item) bool { return credstash.Hides(e.Version, other.Version) }
		if credstash.Unpadded(e.Version) || slices.ContainsFunc(versions, hidden) {
			return []Outcome{{Name: e.Name, Version: e.Version, Err: &credstash.VersionError{Version: e.Version, Err: credstash.ErrUnpadded}}}
		}
	}
	for _, e := range versions[:len(versions)-keep] {
		o := Outcome{Name: e.Name, Version: e.Version, Action: Deleted}
		if !dryRun {
			o.Err = s.o.Writer.Delete(ctx, e)
		}
		done = append(done, o)
		if o.Err != nil {
			done[len(done)-1].Action = Kept
			break
		}
	}
	return done
}
