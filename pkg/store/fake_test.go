package store_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

type key struct{ name, version string }

// table is a table in memory, through Encode and Decode as a real one.
type table struct {
	mu    sync.Mutex
	items map[key]map[string]credstash.Attribute

	reads, scans atomic.Int32
	// fail, if set, is asked before each call.
	fail func(ctx context.Context, op, name, version string) error
	// afterPut, if set, gives the answer to a Put that has been carried out.
	afterPut func() error
}

func newTable() *table { return &table{items: map[key]map[string]credstash.Attribute{}} }

func (f *table) check(ctx context.Context, op, name, version string) error {
	if f.fail != nil {
		if err := f.fail(ctx, op, name, version); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// cutAfter lets n writes pass, and no more.
func (f *table) cutAfter(n int) {
	var writes atomic.Int32
	f.fail = func(_ context.Context, op, _, _ string) error {
		if op != "newest" && op != "get" && op != "scan" && writes.Add(1) > int32(n) {
			return source.ErrUnreachable
		}
		return nil
	}
}

func (f *table) Newest(ctx context.Context, name string) (credstash.Item, error) {
	f.reads.Add(1)
	if err := f.check(ctx, "newest", name, ""); err != nil {
		return credstash.Item{}, err
	}
	all, _ := f.Versions(ctx, name)
	if len(all) == 0 {
		return credstash.Item{}, source.ErrNotFound
	}
	return f.get(name, all[len(all)-1].Version)
}

func (f *table) Get(ctx context.Context, name, version string) (credstash.Item, error) {
	f.reads.Add(1)
	if err := f.check(ctx, "get", name, version); err != nil {
		return credstash.Item{}, err
	}
	return f.get(name, version)
}

func (f *table) get(name, version string) (credstash.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	attrs, ok := f.items[key{name, version}]
	if !ok {
		return credstash.Item{}, source.ErrNotFound
	}
	return credstash.Decode(attrs)
}

func (f *table) Versions(_ context.Context, name string) ([]credstash.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []credstash.Item
	for k, attrs := range f.items {
		if k.name == name {
			it, _ := credstash.Decode(attrs)
			all = append(all, credstash.Item{Name: name, Version: k.version, Comment: it.Comment, Algorithm: it.Algorithm, Key: it.Key})
		}
	}
	slices.SortFunc(all, func(a, b credstash.Item) int { return cmp.Compare(a.Version, b.Version) })
	return all, nil
}

func (f *table) Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error] {
	return func(yield func(credstash.Item, error) bool) {
		f.scans.Add(1)
		f.mu.Lock()
		items := maps.Clone(f.items)
		f.mu.Unlock()
		for k, attrs := range items {
			err := f.check(ctx, "scan", k.name, k.version)
			item, decodeErr := credstash.Decode(attrs)
			if keysOnly {
				item = credstash.Item{Name: item.Name, Version: item.Version, Comment: item.Comment}
			}
			if err = cmp.Or(err, decodeErr); !yield(item, err) || err != nil {
				return
			}
		}
	}
}

func (f *table) Put(ctx context.Context, item credstash.Item) error {
	if err := f.check(ctx, "put", item.Name, item.Version); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{item.Name, item.Version}
	if _, ok := f.items[k]; ok {
		return source.ErrExists
	}
	f.items[k] = item.Encode()
	if f.afterPut != nil {
		return f.afterPut()
	}
	return nil
}

func (f *table) Delete(ctx context.Context, held credstash.Item) error {
	if err := f.check(ctx, "delete", held.Name, held.Version); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{held.Name, held.Version}
	if attrs, ok := f.items[k]; ok && len(held.Key) > 0 {
		if now, err := credstash.Decode(attrs); err != nil || string(now.Key) != string(held.Key) {
			return source.ErrChanged
		}
	}
	delete(f.items, k)
	return nil
}

func (f *table) Rewrite(ctx context.Context, held, next credstash.Item) error {
	if err := f.check(ctx, "rewrite", held.Name, held.Version); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := key{held.Name, held.Version}
	attrs, ok := f.items[k]
	if now, err := credstash.Decode(attrs); !ok || err != nil || string(now.Key) != string(held.Key) {
		return source.ErrChanged
	}
	changed := maps.Clone(attrs)
	for name := range held.Encode() {
		delete(changed, name)
	}
	maps.Copy(changed, next.Encode())
	f.items[k] = changed
	return nil
}

// kms makes keys that remember their context, and counts.
type kms struct {
	mu                 sync.Mutex
	keys               map[string]wrappedKey
	generated          atomic.Int32
	decrypts           atomic.Int32
	inFlight, mostSeen atomic.Int32
	overhead           int // bytes that wrapping adds
	under              int // the generation of the key for writing
	rewraps            atomic.Int32
	fail               func(context.Context) error
}

type wrappedKey struct {
	plain   []byte
	context string
	under   int // the generation of the key that wrapped it
}

func newKMS() *kms { return &kms{keys: map[string]wrappedKey{}, overhead: 100} }

func contextText(m map[string]string) string {
	b, _ := json.Marshal(m)
	return string(b)
}

func (k *kms) GenerateDataKey(ctx context.Context, n int, ec map[string]string) (plain, wrapped []byte, err error) {
	k.generated.Add(1)
	plain, wrapped = make([]byte, n), make([]byte, n+k.overhead)
	_, _ = rand.Read(plain)
	_, _ = rand.Read(wrapped)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[string(wrapped)] = wrappedKey{plain, contextText(ec), k.under}
	return plain, wrapped, ctx.Err()
}

func (k *kms) Decrypt(ctx context.Context, wrapped []byte, ec map[string]string) ([]byte, error) {
	k.decrypts.Add(1)
	now := k.inFlight.Add(1)
	defer k.inFlight.Add(-1)
	for most := k.mostSeen.Load(); now > most && !k.mostSeen.CompareAndSwap(most, now); most = k.mostSeen.Load() {
	}
	if k.fail != nil {
		if err := k.fail(ctx); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	held, ok := k.keys[string(wrapped)]
	if !ok || held.context != contextText(ec) {
		return nil, fmt.Errorf("decrypt: %w", source.ErrWrongContext)
	}
	return held.plain, ctx.Err()
}

func (k *kms) ReEncrypt(ctx context.Context, wrapped []byte, from, to map[string]string) ([]byte, bool, error) {
	k.rewraps.Add(1)
	if k.fail != nil {
		if err := k.fail(ctx); err != nil {
			return nil, false, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	held, ok := k.keys[string(wrapped)]
	if !ok || held.context != contextText(from) {
		return nil, false, fmt.Errorf("rewrap: %w", source.ErrWrongContext)
	}
	moved := held.under != k.under || contextText(from) != contextText(to)
	fresh := make([]byte, len(wrapped))
	_, _ = rand.Read(fresh)
	k.keys[string(fresh)] = wrappedKey{held.plain, contextText(to), k.under}
	return fresh, moved, ctx.Err()
}

// fixture is a store over fakes.
type fixture struct {
	*store.Store
	table *table
	kms   *kms
}

func newFixture(edit ...func(*store.Options)) fixture {
	f := fixture{table: newTable(), kms: newKMS()}
	o := store.Options{Reader: f.table, Scanner: f.table, Writer: f.table, VersionLister: f.table, Decrypter: f.kms, DataKeyGenerator: f.kms, Rewriter: f.table, ReEncrypter: f.kms}
	for _, e := range edit {
		e(&o)
	}
	f.Store = store.New(o)
	return f
}

func contextOf(t testing.TB, pairs ...string) source.Context {
	t.Helper()
	m := map[string]string{}
	for _, p := range pairs {
		k, v, err := source.ParsePair(p)
		if err != nil {
			t.Fatal(err)
		}
		m[k] = v
	}
	c, err := source.NewContext(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// put stores a value as the next version.
func (f fixture) put(t testing.TB, name, value string, c source.Context) string {
	t.Helper()
	v, changed, err := f.Put(t.Context(), store.PutRequest{Name: name, Value: source.NewSecret([]byte(value)), Context: c})
	if err != nil || !changed {
		t.Fatalf("put %s: %v", name, err)
	}
	return v
}

// plant stores a value under exactly that version, as older tools do.
func (f fixture) plant(t testing.TB, name, version, value string) {
	t.Helper()
	dataKey, wrapped, err := f.kms.GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.kms.keys[string(wrapped)] = wrappedKey{dataKey, "{}", f.kms.under}
	item, err := credstash.Seal(credstash.Item{Name: name, Version: version, Key: wrapped}, []byte(value), dataKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.table.Put(t.Context(), item); err != nil {
		t.Fatal(err)
	}
}

// value fetches one ref.
func (f fixture) value(t testing.TB, r source.Ref) (string, error) {
	t.Helper()
	res := f.Fetch(t.Context(), []source.Ref{r})[r]
	return string(res.Secret.Reveal()), res.Err
}

// damage changes the stored attribute of an item.
func (f fixture) damage(name, version, attr string, to credstash.Attribute) {
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	f.table.items[key{name, version}][attr] = to
}
