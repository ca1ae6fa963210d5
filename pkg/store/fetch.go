package store

import (
	"context"
	"errors"
	"sync"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Fetch implements source.Source. It looks up each ref by itself: the newest version
// by Reader.Newest, another by Reader.Get in the forms of credstash.Candidates. It
// unwraps an item's data key as soon as it has the item, without waiting for the
// others. It ignores Ref.Source.
func (s *Store) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	defer s.preconnect(ctx, len(refs), s.o.Reader, s.o.Decrypter)()
	open := s.opener()
	return source.FetchEach(refs, s.o.Concurrency, func(r source.Ref) source.Result { return s.fetch(ctx, open, r) })
}

// preconnect starts to make connections for n calls, for the parts that are a
// Preconnector: those to KMS are ready when the first item arrives. The function that
// it returns stops that and waits for it.
func (s *Store) preconnect(ctx context.Context, n int, parts ...any) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, part := range parts {
		if w, ok := part.(Preconnector); ok && n > 0 {
			wg.Go(func() { w.Preconnect(ctx, min(n, s.o.Concurrency)) })
		}
	}
	return func() { cancel(); wg.Wait() }
}

func (s *Store) fetch(ctx context.Context, open opener, r source.Ref) source.Result {
	if err := ctx.Err(); err != nil {
		return source.Result{Err: err}
	}
	item, err := s.lookup(ctx, r.Name, r.Version)
	if err != nil {
		return source.Result{Err: err, Trace: source.Trace{Absent: errors.Is(err, source.ErrNotFound)}}
	}
	return open.reveal(ctx, item, []source.Context{r.Context})
}

// lookup returns the newest item of a name, or the one of a version as a user writes
// it.
func (s *Store) lookup(ctx context.Context, name, version string) (item credstash.Item, err error) {
	if version == "" {
		return s.o.Reader.Newest(ctx, name)
	}
	for _, v := range credstash.Candidates(version) {
		item, err = s.o.Reader.Get(ctx, name, v)
		if !errors.Is(err, source.ErrNotFound) {
			break
		}
	}
	return item, err
}
