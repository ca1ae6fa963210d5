package sourcetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// canary is part of the values. No output may contain it.
const canary = "canary-7f3a"

type suite struct{ b Backend }

func (s *suite) ref(name, version string, pairs ...string) source.Ref {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		m[pair[0]] = pair[1]
	}
	c, err := source.NewContext(m)
	if err != nil {
		panic(err) // a mistake in the suite
	}
	return source.Ref{Source: s.b.Prefix, Name: s.name(name), Version: version, Context: c}
}

func (s *suite) name(name string) string {
	if s.b.Name == nil {
		return name
	}
	return s.b.Name(name)
}

// put stores a value that the back end must accept.
func (s *suite) put(t *testing.T, r source.Ref, value string) {
	t.Helper()
	v := Value{Name: r.Name, Version: r.Version, Data: []byte(value), Context: r.Context.Map()}
	if v.Version == "" {
		v.Version = "0000000000000000001"
	}
	if err := s.b.Put(t.Context(), v); err != nil {
		t.Fatalf("put %s: %v", r, err)
	}
}

func (s *suite) fetch(t *testing.T, refs ...source.Ref) map[source.Ref]source.Result {
	t.Helper()
	return s.b.Source.Fetch(t.Context(), refs)
}

// fetchAll fetches the refs of want in one batch. Each must have a result.
func fetchAll[V any](t *testing.T, s *suite, want map[source.Ref]V) map[source.Ref]source.Result {
	t.Helper()
	got := s.fetch(t, slices.Collect(maps.Keys(want))...)
	if len(got) != len(want) {
		t.Errorf("%d answers for %d refs", len(got), len(want))
	}
	return got
}

// expect fetches all refs in one batch and compares the values.
func (s *suite) expect(t *testing.T, want map[source.Ref]string) {
	t.Helper()
	got := fetchAll(t, s, want)
	for r, value := range want {
		expectValue(t, r, got[r], value)
	}
}

func expectValue(t *testing.T, r source.Ref, got source.Result, want string) {
	t.Helper()
	if got.Err != nil {
		t.Errorf("%s: %v", r, got.Err)
		return
	}
	if b := got.Secret.Reveal(); string(b) != want {
		t.Errorf("%s: got %d bytes (%.20q), want %d (%.20q)", r, len(b), b, len(want), want)
	}
}

// expectError checks that a result has that error and no part of a value.
func expectError(t *testing.T, r source.Ref, got source.Result, want error) {
	t.Helper()
	if !errors.Is(got.Err, want) {
		t.Errorf("%s: got error %v, want %v", r, got.Err, want)
	}
	if len(got.Secret.Reveal()) != 0 {
		t.Errorf("%s: a value beside the error", r)
	}
	if shown := fmt.Sprintf("%v %+v %#v", got.Err, got, got); strings.Contains(shown, canary) {
		t.Errorf("%s: the value is shown: %s", r, shown)
	}
	if got.Trace.Absent != errors.Is(want, source.ErrNotFound) {
		t.Errorf("%s: trace %+v beside %v", r, got.Trace, got.Err)
	}
}
