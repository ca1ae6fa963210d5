package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/local"
)

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
	if err := local.New(o).Delete(t.Context(), credstash.Item{Name: "n", Version: one}); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if v := put(t, s, "n", "anew", nil); v != one {
		t.Errorf("numbered %s after all were deleted", v)
	}
}

// TestDeleteOfWhatHasChanged: an item is deleted only as what it was read.
func TestDeleteOfWhatHasChanged(t *testing.T) {
	s, _ := create(t)
	item := credstash.Item{Name: "n", Version: one, Key: []byte("k"), HMAC: []byte("m")}
	if err := s.Put(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	other := item
	other.Key = []byte("of an earlier look")
	if err := s.Delete(t.Context(), other); !errors.Is(err, source.ErrChanged) {
		t.Errorf("got %v", err)
	}
	listed, err := s.Versions(t.Context(), "n")
	if err != nil || len(listed) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	if err := s.Delete(t.Context(), listed[0]); err != nil {
		t.Errorf("as listed: %v", err)
	}
	if listed, err := s.Versions(t.Context(), "n"); err != nil || len(listed) != 0 {
		t.Errorf("left: %v, %v", listed, err)
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
		if err := s.Delete(t.Context(), credstash.Item{Name: item.Name, Version: item.Version}); err != nil { // also the one that the next page starts from
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
