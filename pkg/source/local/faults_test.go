package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

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
		{"foreign", func(p string, _ []byte) { write(t, p, read(t, foreign.KeyPath)) }, source.ErrDenied, "was created with key"},
		{"empty", func(p string, _ []byte) { write(t, p, nil) }, source.ErrIntegrity, "damaged"},
		{"cut", func(p string, k []byte) { write(t, p, k[:len(k)-8]) }, source.ErrIntegrity, "damaged"},
		{"one letter", func(p string, k []byte) { k[len(k)-10] ^= 1; write(t, p, k) }, source.ErrIntegrity, "damaged"},
		{"other id", func(p string, k []byte) { k[len("credrender-local-key-1 ")] ^= 1; write(t, p, k) }, source.ErrIntegrity, "damaged"},
		{"twice", func(p string, k []byte) { write(t, p, append(k, k...)) }, source.ErrIntegrity, "damaged"},
		{"not one", func(p string, _ []byte) { write(t, p, bytes.Repeat([]byte("noise "), 10000)) }, source.ErrIntegrity, "damaged"},
		{"open to the group", func(p string, _ []byte) { chmod(t, p, 0o640) }, local.ErrExposed, "0640"},
		{"open to all", func(p string, _ []byte) { chmod(t, p, 0o604) }, local.ErrExposed, "0604"},
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
		{"cut at the end", func(p string) { truncate(t, p, cutEnd(t, p)) }, local.ErrNotStore},
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

// cutEnd returns the length of a store file without its last page in use.
func cutEnd(t testing.TB, path string) (size int64) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bolt.Tx) error { size = tx.Size() - 1; return nil })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return size
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
