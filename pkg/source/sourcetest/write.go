package sourcetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// Operations are those that the write half tests, in the order of a page about them.
var Operations = []string{
	"put", "put --if-changed", "put --if-absent", "put --comment", "put --version", "put --item-format", "put --tier",
	"an empty value", "a binary value", "the largest value tested", "only if the newest version is a given one",
	"30 writers at once", "delete", "delete --dry-run", "delete --version", "history",
}

// RunWrites runs the write half of the suite. Each test opens an empty back end of its own.
func RunWrites(t *testing.T, open func(t *testing.T) Backend) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"put", testPut},
		{"put if changed", testPutIfChanged},
		{"put if absent", testPutIfAbsent},
		{"put if expected", testPutExpected},
		{"options", testOptions},
		{"sizes", testSizes},
		{"writers at once", testWriters},
		{"creators at once", testCreators},
		{"delete", testDelete},
		{"delete a version", testDeleteVersion},
		{"history", testHistory},
		{"ended writes", testEndedWrites},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, &suite{open(t)}) })
	}
}

func (s *suite) report(operation, outcome string) {
	if s.b.Report != nil {
		s.b.Report(operation, outcome)
	}
}

func write(value string) source.Write {
	return source.Write{Value: source.NewSecret([]byte(value))}
}

// store puts a value that the back end must accept.
func (s *suite) store(t *testing.T, r source.Ref, w source.Write) source.Stored {
	t.Helper()
	got, err := s.b.Writer.Put(t.Context(), r, w)
	if err != nil {
		t.Fatalf("put %s: %v", r, err)
	}
	return got
}

// refused puts a value that the back end must refuse, and checks that the secret still has
// the old value, or does not exist if old is "".
func (s *suite) refused(t *testing.T, r source.Ref, w source.Write, want error, old string) {
	t.Helper()
	got, err := s.b.Writer.Put(t.Context(), r, w)
	if !errors.Is(err, want) || got.Changed {
		t.Errorf("put %s: %+v, %v; want %v", r, got, err, want)
	}
	s.hides(t, err)
	if old == "" {
		expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
		return
	}
	s.expect(t, map[source.Ref]string{r: old})
}

// hides checks that an error does not show a value.
func (s *suite) hides(t *testing.T, err error) {
	t.Helper()
	if shown := fmt.Sprintf("%v %+v %#v", err, err, err); err != nil && strings.Contains(shown, canary) {
		t.Errorf("the value is shown: %s", shown)
	}
}

// testPut tests that a put makes the newest version, and leaves other secrets alone.
func testPut(t *testing.T, s *suite) {
	a, b := s.ref("a", ""), s.ref("b", "")
	s.store(t, b, write(canary+" of b"))
	first := s.store(t, a, write(canary))
	second := s.store(t, a, write(canary+" again"))
	if !first.Changed || !second.Changed || first.Version == second.Version {
		t.Errorf("two puts: %+v, %+v", first, second)
	}
	s.expect(t, map[source.Ref]string{a: canary + " again", b: canary + " of b"})
	if trace := s.fetch(t, a)[a].Trace; trace.Version != second.Version {
		t.Errorf("stored as version %q, read as %q", second.Version, trace.Version)
	}
	if s.b.NoContexts {
		s.report("put", "yes")
		return
	}
	prod := s.ref("a", "", "env", "prod")
	s.store(t, prod, write("of prod"))
	s.expect(t, map[source.Ref]string{prod: "of prod"})
	expectError(t, a, s.fetch(t, a)[a], source.ErrWrongContext)
	s.report("put", "yes")
}

func testPutIfChanged(t *testing.T, s *suite) {
	r := s.ref("a", "")
	w := write(canary)
	w.IfChanged = true
	for i, changed := range []bool{true, false} {
		if got := s.store(t, r, w); got.Changed != changed || got.Version != s.fetch(t, r)[r].Trace.Version {
			t.Errorf("put %d: %+v, want changed %v", i+1, got, changed)
		}
	}
	w.Value = source.NewSecret([]byte("another"))
	if got := s.store(t, r, w); !got.Changed {
		t.Error("another value is not stored")
	}
	s.report("put --if-changed", "yes")
}

func testPutIfAbsent(t *testing.T, s *suite) {
	r := s.ref("a", "")
	w := write(canary)
	w.IfAbsent = true
	s.store(t, r, w)
	w.Value = source.NewSecret([]byte(canary + " again"))
	s.refused(t, r, w, source.ErrExists, canary)
	s.report("put --if-absent", "yes")
}

// testPutExpected tests that a write with an expectation replaces no other version.
func testPutExpected(t *testing.T, s *suite) {
	r := s.ref("a", "")
	s.store(t, r, write(canary))
	stale := s.fetch(t, r)[r].Trace
	w := write(canary + " 2")
	w.Expect = stale
	s.store(t, r, w)
	w = write(canary + " 3")
	w.Expect = stale
	s.refused(t, r, w, source.ErrChanged, canary+" 2")
	gone := s.ref("gone", "")
	s.refused(t, gone, w, source.ErrChanged, "")

	w.Expect = s.fetch(t, r)[r].Trace
	won := s.atOnce(t, r, func(int) source.Write { return w }, source.ErrChanged)
	if len(won) != 1 && !s.b.NoCompare {
		t.Errorf("%d of %d writers replaced one version", len(won), writers)
	}
	outcome := "yes"
	if s.b.NoCompare {
		outcome = "compared just before the write"
	}
	s.report("only if the newest version is a given one", outcome)
}

// testOptions tests that an option works, or is refused before anything is written.
func testOptions(t *testing.T, s *suite) {
	for i, tt := range []struct {
		operation string
		set       func(*source.Write)
	}{
		{"put --comment", func(w *source.Write) { w.Comment = "why" }},
		{"put --version", func(w *source.Write) { w.Version = "7" }},
		{"put --item-format", func(w *source.Write) { w.Format = "aes-gcm" }},
		{"put --tier", func(w *source.Write) { w.Tier = "advanced" }},
		{"an empty value", func(w *source.Write) { w.Value = source.NewSecret(nil) }},
		{"a binary value", func(w *source.Write) { w.Value = source.NewSecret([]byte("\xff\x00\n")) }},
	} {
		r := s.ref(fmt.Sprint("option", i), "")
		w := write(canary)
		tt.set(&w)
		got, err := s.b.Writer.Put(t.Context(), r, w)
		s.hides(t, err)
		if refusal, ok := errors.AsType[*source.RefusalError](err); ok {
			expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
			s.report(tt.operation, "no: "+refusal.Reason)
			continue
		}
		if err != nil || !got.Changed {
			t.Errorf("%s: %+v, %v", tt.operation, got, err)
			continue
		}
		s.expect(t, map[source.Ref]string{r: string(w.Value.Reveal())})
		s.report(tt.operation, "yes")
	}
}

// testSizes tests that the largest value fits, and that a larger one is refused.
func testSizes(t *testing.T, s *suite) {
	size := s.b.MaxSize
	if size == 0 {
		size = 100 << 10
	}
	r := s.ref("large", "")
	large := strings.Repeat("x", size)
	s.store(t, r, write(large))
	s.expect(t, map[source.Ref]string{r: large})
	s.report("the largest value tested", fmt.Sprintf("%d bytes", size))
	if s.b.MaxSize > 0 {
		s.refused(t, r, write(large+"y"), source.ErrTooLarge, large)
	}
}
