package local_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	return store.New(store.Options{Reader: s, Scanner: s, VersionLister: s, Writer: s, Decrypter: s, DataKeyGenerator: s})
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
		st := open(o)
		return sourcetest.Backend{Source: st, Put: sourcetest.Sealing(s, s), Writer: store.RefWriter{Store: st}}
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
			"delete": s.Delete(t.Context(), credstash.Item{Name: "n", Version: one})}
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
