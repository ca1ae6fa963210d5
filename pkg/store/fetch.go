package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// opener decrypts items whose context is one of several.
type opener struct {
	keys    *keyring
	options credstash.OpenOptions
}

func (s *Store) opener() opener {
	return opener{&keyring{decrypter: s.o.Decrypter, keys: map[keyID]func() ([]byte, error){}}, s.o.Open}
}

// open returns the plaintext, and the context that the data key opened with.
func (o opener) open(ctx context.Context, item credstash.Item, contexts []source.Context) (plain []byte, c source.Context, err error) {
	if err := item.Check(); err != nil {
		return nil, c, err
	}
	var dataKey []byte
	for _, c = range contexts {
		dataKey, err = o.keys.unwrap(ctx, item.Key, c)
		if !errors.Is(err, source.ErrWrongContext) {
			break
		}
	}
	if err != nil {
		return nil, c, err
	}
	plain, err = credstash.Open(item, dataKey, o.options)
	return plain, c, err
}

// reveal decrypts an item. The result has a trace even if that fails, so that a later
// probe notices when the item is replaced.
func (o opener) reveal(ctx context.Context, item credstash.Item, contexts []source.Context) source.Result {
	r := source.Result{Trace: trace(item)}
	plain, _, err := o.open(ctx, item, contexts)
	if err != nil {
		r.Err = fmt.Errorf("version %s: %w", source.Show(item.Version), err)
		return r
	}
	r.Secret = source.NewSecret(plain)
	return r
}

func trace(item credstash.Item) source.Trace {
	return source.Trace{Version: item.Version, Mark: credstash.Mark(item), Size: int64(credstash.Size(item))}
}

// keyring unwraps each data key of a batch once: KMS charges by the call, and all
// callers in a region share a quota.
type keyring struct {
	decrypter Decrypter

	mu   sync.Mutex
	keys map[keyID]func() ([]byte, error)
}

type keyID struct {
	wrapped string
	context source.Context
}

// unwrap returns the result of the first call for the same key, and waits for it. All
// calls of a batch have the same ctx, so that it does not matter whose call is made.
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
