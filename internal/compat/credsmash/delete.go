package credsmash

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/credrender/credrender/pkg/source"
)

func (s *session) delete(ctx context.Context) error { return s.drop(ctx, s.call.args[0], false) }
func (s *session) prune(ctx context.Context) error  { return s.drop(ctx, s.call.args[0], true) }

func (s *session) deleteMany(ctx context.Context) error { return s.dropMany(ctx, false) }
func (s *session) pruneMany(ctx context.Context) error  { return s.dropMany(ctx, true) }

// drop deletes the versions of one name.
func (s *session) drop(ctx context.Context, name string, keep bool) error {
	entries, err := s.entries(ctx, "")
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e source.Entry) bool { return e.Name != name })
	if len(entries) == 0 {
		s.log(levelInfo, dropLogger(keep), "Not found: %s", name)
		return nil
	}
	return s.dropVersions(ctx, entries, keep)
}

func (s *session) dropMany(ctx context.Context, keep bool) error {
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
		failed = append(failed, s.dropVersions(ctx, entries[:n], keep))
		entries = entries[n:]
	}
	return errors.Join(failed...)
}

func dropLogger(keep bool) string {
	if keep {
		return "api.prune"
	}
	return "api.delete"
}

// dropVersions deletes the versions of one name, in the order given, under the
// keys that they are stored under: credsmash pads them, and deletes nothing where
// they are not padded. prune keeps the highest number, and what get returns where
// that is another one: an unpadded version, which hides it.
func (s *session) dropVersions(ctx context.Context, entries []source.Entry, keep bool) error {
	newest := slices.MaxFunc(entries, func(x, y source.Entry) int { return cmp.Compare(x.Version, y.Version) })
	highest := entries[len(entries)-1]
	for _, e := range entries {
		if keep && (e.Version == newest.Version || e.Version == highest.Version) {
			continue
		}
		s.log(levelInfo, dropLogger(keep), "Deleting %s -- version %s", e.Name, showVersion(e.Version))
		if _, err := s.backend.Delete(ctx, e.Name, e.Version); err != nil && !errors.Is(err, source.ErrNotFound) {
			return &secretError{e.Name, e.Version, err}
		}
	}
	if keep {
		s.log(levelInfo, dropLogger(keep), "Pruned %s (current version=%s)", newest.Name, showVersion(newest.Version))
	} else {
		s.log(levelInfo, dropLogger(keep), "Deleted %s", newest.Name)
	}
	return nil
}
