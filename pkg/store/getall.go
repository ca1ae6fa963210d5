package store

import (
	"context"
	"maps"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// GetAll fetches the newest version of every name in scope. It scans whole items once,
// which costs less than a request for each name, and then unwraps the data keys. Each
// result has its own error; GetAll fails only if the scan does. The candidates of
// rotations are left out.
func (s *Store) GetAll(ctx context.Context, sc Scope) (map[string]source.Result, error) {
	return s.newest(ctx, sc, sc.wants)
}

// Glob implements source.Globber like GetAll. It ignores pattern.Version.
func (s *Store) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	wants := func(name string) bool { return source.Match(pattern.Name, name) }
	return s.newest(ctx, Scope{Contexts: Always(pattern.Context)}, wants)
}

func (s *Store) newest(ctx context.Context, sc Scope, wants func(string) bool) (map[string]source.Result, error) {
	newest := map[string]credstash.Item{}
	for item, err := range s.o.Scanner.Scan(ctx, false) {
		if err != nil {
			return nil, err
		}
		held, ok := newest[item.Name]
		if wants(item.Name) && (!ok || item.Version > held.Version) {
			newest[item.Name] = item
		}
	}
	names := slices.Sorted(maps.Keys(newest))
	defer s.preconnect(ctx, len(names), s.o.Decrypter)()
	open, results := s.opener(), make([]source.Result, len(names))
	_ = s.over(ctx, sc, len(names), s.o.Concurrency, func(i int) {
		results[i] = open.reveal(ctx, newest[names[i]], sc.Contexts.of(names[i]))
	})
	values := make(map[string]source.Result, len(names))
	for i, name := range names {
		if err := ctx.Err(); err != nil && results[i].Trace == (source.Trace{}) {
			results[i].Err = err // it was not begun
		}
		values[name] = results[i]
	}
	return source.DropCandidates(values), nil
}
