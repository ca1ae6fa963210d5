package store

import (
	"context"
	"errors"

	"github.com/credrender/credrender/pkg/source"
)

// Probe implements source.Prober: by Options.Prober, or else by reading each
// item again, which asks nothing of KMS.
func (s *Store) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	if s.o.Prober != nil {
		return s.o.Prober.Probe(ctx, known)
	}
	return s.ProbeConsistent(ctx, known)
}

// ProbeConsistent implements source.ConsistentProber: it reads each item again, consistently.
func (s *Store) ProbeConsistent(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return source.ProbeEach(known, s.o.Concurrency, func(k source.Known) (bool, error) { return s.changed(ctx, k) })
}

func (s *Store) changed(ctx context.Context, k source.Known) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case k.Trace.Version == "" && !k.Trace.Absent:
		return true, nil
	}
	item, err := s.lookup(ctx, k.Ref.Name, k.Ref.Version)
	if errors.Is(err, source.ErrNotFound) {
		return !k.Trace.Absent, nil
	}
	seen := trace(item)
	return k.Trace.Absent || seen.Version != k.Trace.Version || seen.Mark != k.Trace.Mark, err
}
