package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source/credstash"
)

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
