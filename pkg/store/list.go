package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Glob implements source.Globber: one scan of whole items, which costs less
// than a look for each name, then the data keys of the newest ones.
// pattern.Version plays no part.
func (s *Store) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	newest := map[string]credstash.Item{}
	for item, err := range s.o.Scanner.Scan(ctx, false) {
		if err != nil {
			return nil, err
		}
		held, ok := newest[item.Name]
		if source.Match(pattern.Name, item.Name) && (!ok || item.Version > held.Version) {
			newest[item.Name] = item
		}
	}
	names := slices.Sorted(maps.Keys(newest))
	keys := newKeyring(s.o.Decrypter)
	results := make([]source.Result, len(names))
	s.each(len(names), func(i int) {
		results[i] = s.reveal(ctx, keys, newest[names[i]], pattern.Context)
	})
	values := make(map[string]source.Result, len(names))
	for i, name := range names {
		values[name] = results[i]
	}
	return values, nil
}

// List implements source.Lister by one scan of the keys.
func (s *Store) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	return s.entries(ctx, func(name string) bool { return pattern == "" || source.Match(pattern, name) })
}

func (s *Store) entries(ctx context.Context, want func(name string) bool) ([]source.Entry, error) {
	entries := []source.Entry{}
	for item, err := range s.o.Scanner.Scan(ctx, true) {
		if err != nil {
			return nil, err
		}
		if want(item.Name) {
			entries = append(entries, entry(item))
		}
	}
	slices.SortFunc(entries, func(a, b source.Entry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return entries, nil
}

func entry(item credstash.Item) source.Entry {
	return source.Entry{Name: item.Name, Version: item.Version, Comment: item.Comment}
}
