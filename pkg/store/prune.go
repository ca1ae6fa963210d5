package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Prune deletes all but the newest keep versions (at least 1) of every name in
// scope, the oldest first, and returns what it deleted. A name with unpadded
// versions is left alone, with credstash.ErrUnpadded: their order is not that of
// their numbers, and the newest value may be one that they hide. Of names in
// which nobody numbers (dates, words) the order of their bytes counts, as it
// does for readers.
func (s *Store) Prune(ctx context.Context, keep int, sc Scope) ([]Outcome, error) {
	if keep < 1 {
		return nil, fmt.Errorf("keep %d versions: at least 1 must stay", keep)
	}
	entries, err := s.entries(ctx, sc.wants)
	if err != nil {
		return nil, err
	}
	groups := byName(entries, func(e source.Entry) string { return e.Name })
	groups = slices.DeleteFunc(groups, func(g []source.Entry) bool { return len(g) <= keep })
	return change(ctx, s, sc, groups, func(g []source.Entry) []Outcome { return s.prune(ctx, keep, sc.DryRun, g) })
}

// prune works on the versions of one name, oldest first, and stops at an error,
// so that what is left has no gaps.
func (s *Store) prune(ctx context.Context, keep int, dryRun bool, versions []source.Entry) (done []Outcome) {
	for _, e := range versions {
		if credstash.Unpadded(e.Version) {
			return []Outcome{{Name: e.Name, Version: e.Version, Err: &credstash.VersionError{Version: e.Version, Err: credstash.ErrUnpadded}}}
		}
	}
	for _, e := range versions[:len(versions)-keep] {
		o := Outcome{Name: e.Name, Version: e.Version, Action: Deleted}
		if !dryRun {
			o.Err = s.o.Writer.Delete(ctx, e.Name, e.Version)
		}
		done = append(done, o)
		if o.Err != nil {
			done[len(done)-1].Action = Kept
			break
		}
	}
	return done
}
