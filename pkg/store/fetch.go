package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Fetch implements source.Source. Each ref is looked up by itself, the newest
// version by Reader.Newest, another by Reader.Get in the forms that
// credstash.Candidates gives; its data key is asked for the moment that the item
// is there. Ref.Source plays no part.
func (s *Store) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	defer s.warm(ctx, len(refs))()
	keys := newKeyring(s.o.Decrypter)
	results := make([]source.Result, len(refs))
	s.each(len(refs), func(i int) { results[i] = s.fetch(ctx, keys, refs[i]) })
	answers := make(map[source.Ref]source.Result, len(refs))
	for i, r := range refs {
		answers[r] = results[i]
	}
	return answers
}

// warm has the Decrypter prepare for n calls while the items are looked up. The
// function that it returns puts an end to that and waits for it.
func (s *Store) warm(ctx context.Context, n int) (end func()) {
	w, ok := s.o.Decrypter.(Warmer)
	if !ok || n == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { w.Warm(ctx, min(n, s.o.Concurrency)) })
	return func() { cancel(); wg.Wait() }
}

// each runs f for 0 to n-1, as many at once as the store may, and returns when
// all have ended.
func (s *Store) each(n int, f func(i int)) {
	var g errgroup.Group
	g.SetLimit(s.o.Concurrency)
	for i := range n {
		g.Go(func() error { f(i); return nil })
	}
	_ = g.Wait()
}

func (s *Store) fetch(ctx context.Context, keys *keyring, r source.Ref) source.Result {
	if err := ctx.Err(); err != nil {
		return source.Result{Err: err}
	}
	item, err := s.lookup(ctx, r.Name, r.Version)
	if err != nil {
		return source.Result{Err: err, Trace: source.Trace{Absent: errors.Is(err, source.ErrNotFound)}}
	}
	return s.reveal(ctx, keys, item, r.Context)
}

// lookup finds the newest item of a name, or that of a version as a user says
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

// reveal decrypts an item. What was seen of it is in the trace also where that
// fails, so that a later probe tells when somebody has mended it.
func (s *Store) reveal(ctx context.Context, keys *keyring, item credstash.Item, c source.Context) source.Result {
	r := source.Result{Trace: trace(item)}
	plain, err := s.open(ctx, keys, item, c)
	if err != nil {
		r.Err = fmt.Errorf("version %s: %w", source.Show(item.Version), err)
		return r
	}
	r.Secret = source.NewSecret(plain)
	return r
}

func (s *Store) open(ctx context.Context, keys *keyring, item credstash.Item, c source.Context) ([]byte, error) {
	if err := item.Check(); err != nil {
		return nil, err
	}
	dataKey, err := keys.unwrap(ctx, item.Key, c)
	if err != nil {
		return nil, err
	}
	return credstash.Open(item, dataKey, s.o.Open)
}

func trace(item credstash.Item) source.Trace {
	return source.Trace{Version: item.Version, Mark: credstash.Mark(item), Size: int64(credstash.Size(item))}
}

// keyring unwraps the data keys of one batch, each once: KMS charges by the
// call and counts calls against a quota that a region shares.
type keyring struct {
	decrypter Decrypter

	mu   sync.Mutex
	keys map[keyID]func() ([]byte, error)
}

type keyID struct {
	wrapped string
	context source.Context
}

func newKeyring(d Decrypter) *keyring {
	return &keyring{decrypter: d, keys: map[keyID]func() ([]byte, error){}}
}

// unwrap waits for the call that another goroutine has made for the same key.
// All of a batch have one ctx, so that it does not matter whose the call is.
func (k *keyring) unwrap(ctx context.Context, wrapped []byte, c source.Context) ([]byte, error) {
	id := keyID{string(wrapped), c}
	k.mu.Lock()
	get, ok := k.keys[id]
	if !ok {
		get = sync.OnceValues(func() ([]byte, error) { return k.decrypter.Decrypt(ctx, wrapped, c.Map()) })
		k.keys[id] = get
	}
	k.mu.Unlock()
	return get()
}
