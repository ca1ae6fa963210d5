package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
)

// writers is how many write at once.
const writers = 30

// atOnce lets all writers put at once, and returns the versions of those that succeed. The
// others must fail with lost, or none may if lost is nil.
func (s *suite) atOnce(t *testing.T, r source.Ref, w func(i int) source.Write, lost error) (won []string) {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			got, err := s.b.Writer.Put(t.Context(), r, w(i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, got.Version)
			case lost == nil || !errors.Is(err, lost):
				t.Errorf("writer %d: %+v, %v", i, got, err)
			}
		})
	}
	group.Wait()
	return won
}

// testWriters tests that of the values of concurrent writers none is lost: each is a
// version of its own, and one of them is the newest.
func testWriters(t *testing.T, s *suite) {
	r := s.ref("a", "")
	value := func(i int) string { return fmt.Sprintf("value %02d", i) }
	won := s.atOnce(t, r, func(i int) source.Write { return write(value(i)) }, nil)
	slices.Sort(won)
	if n := len(slices.Compact(won)); n != writers {
		t.Errorf("%d writers made %d versions", writers, n)
	}
	reader, ok := s.b.Writer.(source.HistoryReader)
	if !ok || s.b.NoHistory {
		s.report("30 writers at once", "yes")
		return
	}
	infos, err := reader.History(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var kept, want []string
	for i := range writers {
		want = append(want, value(i))
	}
	for _, info := range infos {
		one := r
		one.Version = info.Version
		got := s.fetch(t, one)[one]
		if got.Err != nil {
			t.Errorf("version %s: %v", info.Version, got.Err)
		}
		kept = append(kept, string(got.Secret.Reveal()))
	}
	newest := string(s.fetch(t, r)[r].Secret.Reveal())
	if !slices.Contains(want, newest) {
		t.Errorf("the newest value is %q", newest)
	}
	slices.Sort(kept)
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("values in the history (-want +got):\n%s", diff)
	}
	s.report("30 writers at once", "yes")
}

// testCreators tests that one of concurrent writers creates a secret.
func testCreators(t *testing.T, s *suite) {
	r := s.ref("a", "")
	won := s.atOnce(t, r, func(i int) source.Write {
		w := write(fmt.Sprintf("value %d", i))
		w.IfAbsent = true
		return w
	}, source.ErrExists)
	if len(won) != 1 {
		t.Errorf("%d writers created one secret", len(won))
	}
}

// testEndedWrites tests that nothing is written after ctx has ended.
func testEndedWrites(t *testing.T, s *suite) {
	r, old := s.ref("a", ""), s.ref("old", "")
	s.store(t, old, write(canary))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.b.Writer.Put(ended, r, write(canary)); !errors.Is(err, context.Canceled) || got.Changed {
		t.Errorf("put: %+v, %v", got, err)
	}
	if got, err := s.b.Writer.Delete(ended, old, source.Deletion{}); !errors.Is(err, context.Canceled) || len(got.Versions) > 0 {
		t.Errorf("delete: %+v, %v", got, err)
	}
	expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
	s.expect(t, map[source.Ref]string{old: canary})
}
