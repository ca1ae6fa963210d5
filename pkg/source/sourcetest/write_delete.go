package sourcetest

import (
	"errors"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// testDelete tests that a deleted secret is gone with all its versions, and no other
// secret is.
func testDelete(t *testing.T, s *suite) {
	r, other := s.ref("a", ""), s.ref("ab", "")
	s.store(t, other, write("other"))
	s.store(t, r, write("old"))
	s.store(t, r, write(canary))
	for _, dry := range []bool{true, false} {
		got, err := s.b.Writer.Delete(t.Context(), r, source.Deletion{DryRun: dry})
		if err != nil || len(got.Versions) == 0 {
			t.Fatalf("delete, dry run %v: %+v, %v", dry, got, err)
		}
		if s.b.Keeps != !got.Until.IsZero() && !dry {
			t.Errorf("restorable until %v", got.Until)
		}
		if dry {
			s.expect(t, map[source.Ref]string{r: canary})
		}
	}
	got := s.fetch(t, r, other)
	expectValue(t, other, got[other], "other")
	if res := got[r]; res.Err == nil || len(res.Secret.Reveal()) > 0 {
		t.Errorf("a deleted secret: %+v", res)
	}
	s.report("delete", map[bool]string{true: "yes, after 30 days", false: "yes"}[s.b.Keeps])
	s.report("delete --dry-run", "yes")
	if s.b.Keeps {
		if got, err := s.b.Writer.Put(t.Context(), r, write(canary)); err == nil || got.Changed {
			t.Errorf("put over a secret that is pending deletion: %+v, %v", got, err)
		}
		return
	}
	for _, r := range []source.Ref{r, s.ref("never", "")} {
		expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
		for _, dry := range []bool{true, false} {
			if got, err := s.b.Writer.Delete(t.Context(), r, source.Deletion{DryRun: dry}); !errors.Is(err, source.ErrNotFound) || len(got.Versions) > 0 {
				t.Errorf("delete what is not there, dry run %v: %+v, %v", dry, got, err)
			}
		}
	}
	s.store(t, r, write("anew"))
	s.expect(t, map[source.Ref]string{r: "anew"})
}

// testDeleteVersion tests that one version is deleted, or refused and left.
func testDeleteVersion(t *testing.T, s *suite) {
	old := s.ref("a", "")
	newest := old
	old.Version = s.store(t, old, write("old")).Version
	s.store(t, newest, write(canary))
	got, err := s.b.Writer.Delete(t.Context(), old, source.Deletion{})
	refusal, refused := errors.AsType[*source.RefusalError](err)
	switch {
	case refused:
		if !s.b.NoHistory {
			s.expect(t, map[source.Ref]string{old: "old"})
		}
		s.report("delete --version", "no: "+refusal.Reason)
	case err != nil || len(got.Versions) != 1 || got.Versions[0] != old.Version:
		t.Errorf("%+v, %v", got, err)
	default:
		expectError(t, old, s.fetch(t, old)[old], source.ErrNotFound)
		s.report("delete --version", "yes")
	}
	s.expect(t, map[source.Ref]string{newest: canary})
}

// testHistory tests that the versions of a secret come in order.
func testHistory(t *testing.T, s *suite) {
	reader, ok := s.b.Writer.(source.HistoryReader)
	if !ok || s.b.NoHistory {
		s.report("history", "no")
		return
	}
	r := s.ref("a", "")
	s.store(t, s.ref("ab", ""), write("other"))
	var want []string
	for _, value := range []string{"1", "2", "3"} {
		want = append(want, s.store(t, r, write(value)).Version)
	}
	infos, err := reader.History(t.Context(), r)
	if err != nil || len(infos) != len(want) {
		t.Fatalf("%+v, %v; want %v", infos, err, want)
	}
	dated := true
	for i, info := range infos {
		if info.Version != want[i] {
			t.Errorf("version %d is %q, want %q", i, info.Version, want[i])
		}
		dated = dated && !info.Created.IsZero()
	}
	if _, err := reader.History(t.Context(), s.ref("never", "")); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("history of what is not there: %v", err)
	}
	s.report("history", map[bool]string{true: "yes, with dates", false: "yes"}[dated])
}
