package store

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
)

// Probe implements source.Prober: by Options.Prober, or else by reading each
// item again, which asks nothing of KMS. The error is ctx's alone.
func (s *Store) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	if s.o.Prober != nil {
		return s.o.Prober.Probe(ctx, known)
	}
	return s.Look(ctx, known)
}

// Look implements source.Looker: it reads each item again, consistently. The
// error is ctx's alone.
func (s *Store) Look(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	changed := make([]bool, len(known))
	s.each(len(known), func(i int) { changed[i] = s.changed(ctx, known[i]) })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var refs []source.Ref
	for i, k := range known {
		if changed[i] {
			refs = append(refs, k.Ref)
		}
	}
	return refs, nil
}

// changed is true also where it cannot be told: the fetch that follows says
// why.
func (s *Store) changed(ctx context.Context, k source.Known) bool {
	if ctx.Err() != nil || k.Trace.Version == "" && !k.Trace.Absent {
		return true
	}
	item, err := s.lookup(ctx, k.Ref.Name, k.Ref.Version)
	if err != nil {
		return !k.Trace.Absent || !errors.Is(err, source.ErrNotFound)
	}
	seen := trace(item)
	return k.Trace.Absent || seen.Version != k.Trace.Version || seen.Mark != k.Trace.Mark
}
