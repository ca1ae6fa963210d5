package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
)

const one = "0000000000000000001"

// options are those of a store in a directory of its own.
func options(t testing.TB) local.Options {
	dir := t.TempDir()
	return local.Options{Path: filepath.Join(dir, "data", "store.db"), KeyPath: filepath.Join(dir, "keys", "store.key")}
}

func create(t testing.TB) (*local.Store, local.Options) {
	t.Helper()
	o := options(t)
	created, err := local.Create(t.Context(), o)
	if !created || err != nil {
		t.Fatalf("create: %v, %v", created, err)
	}
	return local.New(o), o
}

func open(o local.Options) *store.Store {
	s := local.New(o)
	return store.New(store.Options{Reader: s, Scanner: s, Historian: s, Writer: s, Decrypter: s, KeyMaker: s})
}

func put(t testing.TB, s *store.Store, name, value string, pairs map[string]string) string {
	t.Helper()
	c, err := source.NewContext(pairs)
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := s.Put(t.Context(), store.PutRequest{Name: name, Value: source.NewSecret([]byte(value)), Context: c})
	if err != nil {
		t.Fatalf("put %s: %v", name, err)
	}
	return v
}

func get(ctx context.Context, s *store.Store, r source.Ref) (string, error) {
	res := s.Fetch(ctx, []source.Ref{r})[r]
	return string(res.Secret.Reveal()), res.Err
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		s, o := create(t)
		return sourcetest.Backend{Source: open(o), Put: sourcetest.Sealing(s, s)}
	})
}

func TestCreate(t *testing.T) {
	_, o := create(t)
	for path, want := range map[string]os.FileMode{o.Path: 0o600, o.KeyPath: 0o600, filepath.Dir(o.Path): 0o700, filepath.Dir(o.KeyPath): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %04o", path, info.Mode(), err, want)
		}
		if entries, _ := os.ReadDir(path); info.IsDir() && len(entries) != 1 {
			t.Errorf("%s holds %v", path, entries)
		}
	}
	put(t, open(o), "n", "value", nil)
	before := read(t, o.KeyPath)
	if created, err := local.Create(t.Context(), o); created || err != nil {
		t.Errorf("again: %v, %v", created, err)
	}
	if got, err := get(t.Context(), open(o), source.Ref{Name: "n"}); got != "value" || err != nil || !bytes.Equal(before, read(t, o.KeyPath)) {
		t.Errorf("after a second setup: %q, %v", got, err)
	}
}

// TestCreateWithAKeyThatIsThere: several stores may share a key.
func TestCreateWithAKeyThatIsThere(t *testing.T) {
	_, o := create(t)
	before := read(t, o.KeyPath)
	o.Path += ".second"
	if created, err := local.Create(t.Context(), o); !created || err != nil || !bytes.Equal(before, read(t, o.KeyPath)) {
		t.Errorf("got %v, %v, key kept: %v", created, err, bytes.Equal(before, read(t, o.KeyPath)))
	}
}

func TestCreateAtOnce(t *testing.T) {
	o := options(t)
	results := make(chan error, 8)
	made := make(chan bool, 8)
	for range 8 {
		go func() {
			created, err := local.Create(t.Context(), o)
			made <- created
			results <- err
		}()
	}
	n := 0
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
		if <-made {
			n++
		}
	}
	if n != 1 {
		t.Errorf("created %d times", n)
	}
	put(t, open(o), "n", "value", nil)
}

// TestNothingIsMadeUnasked: no operation makes a store or a key, and each says
// what is not there.
func TestNothingIsMadeUnasked(t *testing.T) {
	o := options(t)
	operations := func(s *local.Store) map[string]error {
		_, newest := s.Newest(t.Context(), "n")
		_, get := s.Get(t.Context(), "n", one)
		_, versions := s.Versions(t.Context(), "n")
		_, _, generate := s.GenerateDataKey(t.Context(), 64, nil)
		_, decrypt := s.Decrypt(t.Context(), []byte("x"), nil)
		errs := map[string]error{"newest": newest, "get": get, "versions": versions, "generate": generate, "decrypt": decrypt,
			"put":    s.Put(t.Context(), credstash.Item{Name: "n", Version: one}),
			"delete": s.Delete(t.Context(), "n", one)}
		for _, err := range s.Scan(t.Context(), true) {
			errs["scan"] = err
		}
		return errs
	}
	got := operations(local.New(o))
	for op, err := range got {
		if !errors.Is(err, source.ErrNoStore) || !strings.Contains(err.Error(), o.Path) {
			t.Errorf("%s: %v", op, err)
		}
	}
	if _, err := os.Stat(filepath.Dir(o.Path)); len(got) != 8 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%d operations; the directory: %v", len(got), err)
	}

	if _, err := local.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	remove(t, o.Path)
	for op, err := range operations(local.New(o)) {
		if _, statErr := os.Stat(o.Path); !errors.Is(err, source.ErrNoStore) || statErr == nil {
			t.Errorf("%s with the file gone: %v", op, err)
		}
	}
	if _, err := local.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	remove(t, o.KeyPath)
	for _, op := range []string{"generate", "decrypt"} {
		var ke *local.KeyError
		if err := operations(local.New(o))[op]; !errors.Is(err, source.ErrNoStore) || !errors.As(err, &ke) || ke.Path != o.KeyPath {
			t.Errorf("%s without the key: %v", op, err)
		}
	}
	if created, err := local.Create(t.Context(), o); created || !errors.Is(err, source.ErrNoStore) {
		t.Errorf("setup with the store there and its key gone: %v, %v", created, err)
	}
	if _, err := os.Stat(o.KeyPath); !errors.Is(err, os.ErrNotExist) {
		t.Error("a new key stands where the old one is missed")
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeyFileFaults(t *testing.T) {
	_, foreign := create(t)
	tests := []struct {
		name   string
		damage func(path string, key []byte)
		want   error
		says   string
	}{
		{"foreign", func(p string, _ []byte) { write(t, p, read(t, foreign.KeyPath)) }, source.ErrDenied, "was made with key"},
		{"empty", func(p string, _ []byte) { write(t, p, nil) }, source.ErrIntegrity, "damaged"},
		{"cut", func(p string, k []byte) { write(t, p, k[:len(k)-8]) }, source.ErrIntegrity, "damaged"},
		{"one letter", func(p string, k []byte) { k[len(k)-10] ^= 1; write(t, p, k) }, source.ErrIntegrity, "damaged"},
		{"other id", func(p string, k []byte) { k[len("credrender-local-key-1 ")] ^= 1; write(t, p, k) }, source.ErrIntegrity, "damaged"},
		{"twice", func(p string, k []byte) { write(t, p, append(k, k...)) }, source.ErrIntegrity, "damaged"},
		{"not one", func(p string, _ []byte) { write(t, p, bytes.Repeat([]byte("noise "), 10000)) }, source.ErrIntegrity, "damaged"},
		{"open to the group", func(p string, _ []byte) { chmod(t, p, 0o640) }, source.ErrDenied, "0640"},
		{"open to all", func(p string, _ []byte) { chmod(t, p, 0o604) }, source.ErrDenied, "0604"},
		{"a directory", func(p string, _ []byte) { remove(t, p); mkdir(t, p) }, source.ErrIntegrity, "not a regular file"},
		{"a FIFO", func(p string, _ []byte) { remove(t, p); mkfifo(t, p) }, source.ErrIntegrity, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, o := create(t)
			put(t, open(o), "n", "value", nil)
			key := read(t, o.KeyPath)
			tt.damage(o.KeyPath, bytes.Clone(key))
			_, err := get(t.Context(), open(o), source.Ref{Name: "n"})
			var ke *local.KeyError
			if !errors.Is(err, tt.want) || !errors.As(err, &ke) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), o.KeyPath) {
				t.Errorf("got %v", err)
			}
			if secret := strings.Fields(string(key))[2]; strings.Contains(fmt.Sprintf("%+v", err), secret[:12]) {
				t.Errorf("the key is in %v", err)
			}
			if _, _, err := open(o).Put(t.Context(), store.PutRequest{Name: "n"}); !errors.As(err, &ke) {
				t.Errorf("put: %v", err)
			}
			if created, err := local.Create(t.Context(), o); created || !errors.As(err, &ke) {
				t.Errorf("setup: %v, %v", created, err)
			}
			if entries, err := open(o).List(t.Context(), ""); len(entries) != 1 || err != nil {
				t.Errorf("listing needs no key: %v, %v", entries, err)
			}
		})
	}
}

func chmod(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t testing.TB, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestStoreFileFaults(t *testing.T) {
	tests := []struct {
		name   string
		damage func(path string)
		want   error
	}{
		{"empty", func(p string) { write(t, p, nil) }, local.ErrNotStore},
		{"text", func(p string) { write(t, p, []byte("region: eu-west-1\n")) }, local.ErrNotStore},
		{"long text", func(p string) { write(t, p, bytes.Repeat([]byte("region: eu-west-1\n"), 5000)) }, local.ErrNotStore},
		{"cut to a page", func(p string) { truncate(t, p, 4096) }, local.ErrNotStore},
		{"cut to three pages", func(p string) { truncate(t, p, 3*4096) }, local.ErrNotStore},
		{"pages of noise", func(p string) { noise(t, p, 2*4096) }, local.ErrNotStore},
		{"a directory", func(p string) { remove(t, p); mkdir(t, p) }, local.ErrNotStore},
		{"a FIFO", func(p string) { remove(t, p); mkfifo(t, p) }, local.ErrNotStore},
		{"another bbolt file", func(p string) { remove(t, p); otherBolt(t, p, "things") }, local.ErrNotStore},
		{"a later format", func(p string) { remove(t, p); otherBolt(t, p, "meta", "items") }, source.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, o := create(t)
			put(t, open(o), "n", strings.Repeat("value", 20_000), nil)
			o.Timeout = 50 * time.Millisecond // a lock left behind shows at the next operation
			tt.damage(o.Path)
			info, statErr := os.Stat(o.Path)
			_, err := get(t.Context(), open(o), source.Ref{Name: "n"})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), o.Path) {
				t.Errorf("get: %v", err)
			}
			if err := local.New(o).Put(t.Context(), credstash.Item{Name: "n", Version: "5"}); !errors.Is(err, tt.want) {
				t.Errorf("put: %v", err)
			}
			if _, err := open(o).List(t.Context(), ""); !errors.Is(err, tt.want) {
				t.Errorf("list: %v", err)
			}
			if created, err := local.Create(t.Context(), o); created || !errors.Is(err, tt.want) {
				t.Errorf("setup: %v, %v", created, err)
			}
			now, err := os.Stat(o.Path)
			if err := errors.Join(statErr, err); err != nil || now.Size() != info.Size() {
				t.Errorf("the file was touched: %v", err)
			}
		})
	}
}

func truncate(t testing.TB, path string, n int64) {
	t.Helper()
	if err := os.Truncate(path, n); err != nil {
		t.Fatal(err)
	}
}

// noise writes over a file from an offset to its end.
func noise(t testing.TB, path string, from int) {
	t.Helper()
	b := read(t, path)
	for i := from; i < len(b); i++ {
		b[i] = byte(i*7 + i/256)
	}
	write(t, path, b)
}

func otherBolt(t testing.TB, path string, buckets ...string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			bucket, err := tx.CreateBucket([]byte(b))
			if err := errors.Join(err, bucket.Put([]byte("format"), []byte("99"))); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestGarbledItem: one item that makes no sense hides no other.
func TestGarbledItem(t *testing.T) {
	_, o := create(t)
	put(t, open(o), "bad", "value", nil)
	put(t, open(o), "moved", "value", nil)
	put(t, open(o), "good", "value", nil)
	db, err := bolt.Open(o.Path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		items := tx.Bucket([]byte("items"))
		good := bytes.Clone(items.Bucket([]byte("good")).Get([]byte(one)))
		return errors.Join(items.Bucket([]byte("bad")).Put([]byte(one), []byte("{")), items.Bucket([]byte("moved")).Put([]byte(one), good))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := open(o).Glob(t.Context(), source.Ref{Name: "*"})
	if err != nil || len(got) != 3 || string(got["good"].Secret.Reveal()) != "value" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, name := range []string{"bad", "moved"} {
		if !errors.Is(got[name].Err, source.ErrIntegrity) {
			t.Errorf("%s: %v", name, got[name].Err)
		}
	}
	want := []source.Entry{{Name: "bad", Version: one}, {Name: "good", Version: one}, {Name: "moved", Version: one}}
	entries, err := open(o).List(t.Context(), "")
	if diff := cmp.Diff(want, entries); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestKeysOfAnotherStore: an item that was copied from a store with another key,
// or from DynamoDB.
func TestKeysOfAnotherStore(t *testing.T) {
	s, _ := create(t)
	other, _ := create(t)
	_, wrapped, err := other.GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{"other key": wrapped, "KMS": []byte("\x01\x02\x02\x00x....."), "nothing": nil, "head": wrapped[:7]} {
		if plain, err := s.Decrypt(t.Context(), key, nil); !errors.Is(err, source.ErrDenied) || plain != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, own, err := s.GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{len(own) - 1, len(own) / 2, 30} {
		bad := bytes.Clone(own)
		bad[i] ^= 1
		if plain, err := s.Decrypt(t.Context(), bad, nil); !errors.Is(err, source.ErrWrongContext) || plain != nil {
			t.Errorf("byte %d flipped: %v", i, err)
		}
		if plain, err := s.Decrypt(t.Context(), own[:i], nil); err == nil || plain != nil {
			t.Errorf("cut to %d bytes: opened", i)
		}
	}
}

func TestGenerateDataKey(t *testing.T) {
	s, _ := create(t)
	seen := map[string]bool{}
	for _, n := range []int{1, 16, 32, 64, 64, 1024} {
		plain, wrapped, err := s.GenerateDataKey(t.Context(), n, map[string]string{"env": "prod"})
		if err != nil || len(plain) != n || bytes.Contains(wrapped, plain) && n > 1 {
			t.Errorf("%d bytes: got %d, %v", n, len(plain), err)
		}
		seen[string(plain)] = true
		got, err := s.Decrypt(t.Context(), wrapped, map[string]string{"env": "prod"})
		if !bytes.Equal(got, plain) || err != nil {
			t.Errorf("%d bytes do not come back: %v", n, err)
		}
	}
	if len(seen) != 6 {
		t.Error("a data key was made twice")
	}
	for _, n := range []int{-1, 0, 1025} {
		if _, _, err := s.GenerateDataKey(t.Context(), n, nil); err == nil {
			t.Errorf("made a key of %d bytes", n)
		}
	}
}

// TestPutNeverReplaces is the condition that versions rest on.
func TestPutNeverReplaces(t *testing.T) {
	s, _ := create(t)
	item := credstash.Item{Name: "n", Version: one, Comment: "first", Key: []byte("k"), HMAC: []byte("m")}
	if err := s.Put(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	item.Comment = "second"
	if err := s.Put(t.Context(), item); !errors.Is(err, source.ErrExists) {
		t.Errorf("got %v", err)
	}
	if got, err := s.Get(t.Context(), "n", one); got.Comment != "first" || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	item.Version, item.Comment = "2", "\xff"
	if err := s.Put(t.Context(), item); !errors.Is(err, source.ErrRef) {
		t.Errorf("a comment that JSON cannot hold: %v", err)
	}
}

func TestDelete(t *testing.T) {
	_, o := create(t)
	s := open(o)
	for _, v := range []string{"first", "second", "third"} {
		put(t, s, "n", v, nil)
	}
	put(t, s, "other", "kept", nil)
	if got, err := s.Delete(t.Context(), "n", "3"); len(got) != 1 || err != nil {
		t.Errorf("one version: %v, %v", got, err)
	}
	if got, err := get(t.Context(), s, source.Ref{Name: "n"}); got != "second" || err != nil {
		t.Errorf("newest: %q, %v", got, err)
	}
	if got, err := s.Delete(t.Context(), "n", ""); len(got) != 2 || err != nil {
		t.Errorf("all: %v, %v", got, err)
	}
	entries, err := s.List(t.Context(), "")
	if diff := cmp.Diff([]source.Entry{{Name: "other", Version: one}}, entries); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := local.New(o).Delete(t.Context(), "n", one); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if v := put(t, s, "n", "anew", nil); v != one {
		t.Errorf("numbered %s after all were deleted", v)
	}
}

// TestScanPages: more than a page, with writers at work between pages.
func TestScanPages(t *testing.T) {
	s, o := create(t)
	value := strings.Repeat("x", 200_000)
	want := map[string]bool{}
	for i := range 25 {
		name := fmt.Sprintf("n%02d", i/5)
		put(t, open(o), name, value, nil)
		want[fmt.Sprintf("%s %d", name, i%5+1)] = true
	}
	got := map[string]bool{}
	for item, err := range s.Scan(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("%s %s", item.Name, strings.TrimLeft(item.Version, "0"))
		if got[id] {
			t.Errorf("%s comes twice", id)
		}
		got[id] = true
		if err := s.Delete(t.Context(), item.Name, item.Version); err != nil { // also the one that the next page starts from
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, err := range s.Scan(t.Context(), false) {
		t.Errorf("something is left: %v", err)
	}
}

// TestLocked: a process that does not let go is an error in the end, and a
// context ends the wait.
func TestLocked(t *testing.T) {
	_, o := create(t)
	db, err := bolt.Open(o.Path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Timeout = 50 * time.Millisecond
	if _, err := local.New(o).Newest(t.Context(), "n"); !errors.Is(err, source.ErrUnreachable) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("locked: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o.Timeout = time.Hour
	if _, err := local.New(o).Newest(ctx, "n"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time: %v", err)
	}
	done := make(chan error)
	go func() { _, err := local.New(o).Newest(t.Context(), "n"); done <- err }()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, source.ErrNotFound) {
		t.Errorf("let go: %v", err)
	}
}

func BenchmarkFetch(b *testing.B) {
	_, o := create(b)
	s := open(o)
	put(b, s, "small", "value", nil)
	put(b, s, "100KiB", strings.Repeat("x", 100*1024), nil)
	for _, name := range []string{"small", "100KiB"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := get(b.Context(), s, source.Ref{Name: name}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
