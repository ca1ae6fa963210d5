package credsmash

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
)

func (s *session) delete(ctx context.Context) error { return s.remove(ctx, s.call.args[0], false) }
func (s *session) prune(ctx context.Context) error  { return s.remove(ctx, s.call.args[0], true) }

func (s *session) deleteMany(ctx context.Context) error { return s.removeMany(ctx, false) }
func (s *session) pruneMany(ctx context.Context) error  { return s.removeMany(ctx, true) }

// remove deletes the versions of one secret, or with keep the older ones.
func (s *session) remove(ctx context.Context, name string, keep bool) error {
	entries, err := s.entries(ctx, "")
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e source.Entry) bool { return e.Name != name })
	if len(entries) == 0 {
		s.log(levelInfo, removeLogger(keep), "Not found: %s", compat.Word(name))
		return nil
	}
	return s.removeVersions(ctx, entries, keep)
}

func (s *session) removeMany(ctx context.Context, keep bool) error {
	entries, err := s.entries(ctx, s.call.args[0])
	if err != nil {
		return err
	}
	var failed []error
	for len(entries) > 0 {
		n := slices.IndexFunc(entries, func(e source.Entry) bool { return e.Name != entries[0].Name })
		if n < 0 {
			n = len(entries)
		}
		failed = append(failed, s.removeVersions(ctx, entries[:n], keep))
		entries = entries[n:]
	}
	return errors.Join(failed...)
}

func removeLogger(keep bool) string {
	if keep {
		return "api.prune"
	}
	return "api.delete"
}

// removeVersions deletes the versions of a secret, in the given order and under their
// stored keys. (credsmash pads the keys, and so deletes no unpadded version.) With keep it
// keeps the highest number, and the version that get returns if that differs: an unpadded
// version, which hides the highest.
func (s *session) removeVersions(ctx context.Context, entries []source.Entry, keep bool) error {
	newest := slices.MaxFunc(entries, func(x, y source.Entry) int { return cmp.Compare(x.Version, y.Version) })
	highest := entries[len(entries)-1]
	for _, e := range entries {
		if keep && (e.Version == newest.Version || e.Version == highest.Version) {
			continue
		}
		s.log(levelInfo, removeLogger(keep), "Deleting %s -- version %s", e.Name, showVersion(e.Version))
		if _, err := s.backend.Delete(ctx, e.Name, e.Version); err != nil && !errors.Is(err, source.ErrNotFound) {
			return &secretError{e.Name, e.Version, err}
		}
	}
	if keep {
		s.log(levelInfo, removeLogger(keep), "Pruned %s (current version=%s)", newest.Name, showVersion(newest.Version))
	} else {
		s.log(levelInfo, removeLogger(keep), "Deleted %s", newest.Name)
	}
	return nil
}
