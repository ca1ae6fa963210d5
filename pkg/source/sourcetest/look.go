package sourcetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
)

// testTrace tests that traces change with each write and only then, and contain no value.
func testTrace(t *testing.T, s *suite) {
	a, b, missing := s.ref("a", ""), s.ref("b", ""), s.ref("missing", "")
	s.put(t, a, canary)
	s.put(t, b, canary)
	first, again := s.fetch(t, a, b, missing), s.fetch(t, a, b, missing)
	for _, r := range []source.Ref{a, b, missing} {
		if diff := cmp.Diff(first[r].Trace, again[r].Trace); diff != "" {
			t.Errorf("%s: two looks differ:\n%s", r, diff)
		}
		text, err := json.Marshal(first[r].Trace)
		if err != nil || strings.Contains(string(text), canary) {
			t.Errorf("%s: trace %s, %v", r, text, err)
		}
	}
	if tr := first[a].Trace; tr.Version == "" && tr.Mark == "" || tr.Size <= 0 || tr.Absent {
		t.Errorf("trace of a stored value: %+v", tr)
	}
	if diff := cmp.Diff(source.Trace{Absent: true}, first[missing].Trace); diff != "" {
		t.Errorf("trace of a missing one (-want +got):\n%s", diff)
	}
	if s.b.NoVersions {
		return
	}
	s.put(t, s.ref("a", "0000000000000000002"), canary)
	if got := s.fetch(t, a)[a].Trace; got.Version != "0000000000000000002" || got.Mark == first[a].Trace.Mark {
		t.Errorf("after a new version: %+v, before: %+v", got, first[a].Trace)
	}
}

// testGlob tests that Glob returns the newest version of every match, each with its own
// error.
func testGlob(t *testing.T, s *suite) {
	globber := s.b.Source.(source.Globber)
	want := map[string]string{}
	for _, n := range []string{"web.key", "web.crt", "web."} {
		r := s.ref(n, "")
		want[r.Name] = canary + n
		s.put(t, r, want[r.Name])
	}
	for _, n := range []string{"web", "db.key", "aweb.key", "webXkey"} {
		s.put(t, s.ref(n, ""), "no match")
	}
	if !s.b.NoVersions {
		s.put(t, s.ref("web.key", "0000000000000000002"), "newest")
		want[s.name("web.key")] = "newest"
	}
	got, err := globber.Glob(t.Context(), s.ref("web.*", ""))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d matches, want %d", len(got), len(want))
	}
	for name, value := range want {
		expectValue(t, s.ref(name, ""), got[name], value)
	}
	if got, err := globber.Glob(t.Context(), s.ref("nothing*", "")); got == nil || len(got) != 0 || err != nil {
		t.Errorf("no match: got %v, %v", got, err)
	}
	if s.b.NoContexts {
		return
	}
	other := s.ref("web.other", "", "env", "prod")
	s.put(t, other, canary)
	got, err = globber.Glob(t.Context(), s.ref("web.*", "", "env", "prod"))
	if err != nil {
		t.Fatal(err)
	}
	expectValue(t, other, got[other.Name], canary)
	key := s.ref("web.key", "")
	expectError(t, key, got[key.Name], source.ErrWrongContext)
}

// testList tests that List returns every version, in byte order of names and versions.
func testList(t *testing.T, s *suite) {
	lister := s.b.Source.(source.Lister)
	var all []source.Entry
	for _, e := range []source.Entry{
		{Name: "B", Version: "0000000000000000001"}, {Name: "a", Version: "0000000000000000009"}, {Name: "a", Version: "0000000000000000010"},
		{Name: "a", Version: "9"}, {Name: "a.b", Version: "0000000000000000001"}, {Name: "b", Version: "v5"},
	} {
		e.Name = s.name(e.Name)
		all = append(all, e)
	}
	for _, e := range slices.Backward(all) {
		if err := s.b.Put(t.Context(), Value{Name: e.Name, Version: e.Version, Data: []byte(canary)}); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]source.Entry{
		"": all, s.name("*"): all, s.name("a"): all[1:4], s.name("a*"): all[1:5], s.name("none*"): nil,
	} {
		got, err := lister.List(t.Context(), pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(want)+len(got) > 0 && !slices.Equal(want, got) {
			t.Errorf("list %q (-want +got):\n%s", pattern, cmp.Diff(want, got))
		}
	}
}

// testProbe tests that Probe reports no unchanged refs, and all changed ones.
func testProbe(t *testing.T, s *suite) {
	prober := s.b.Source.(source.Prober)
	quiet, newer, shadowed, absent, comes := s.ref("quiet", ""), s.ref("newer", ""), s.ref("shadowed", ""), s.ref("absent", ""), s.ref("comes", "")
	refs := []source.Ref{quiet, newer, shadowed, absent, comes}
	for _, r := range refs[:3] {
		s.put(t, r, canary)
	}
	var known []source.Known
	for r, res := range s.fetch(t, refs...) {
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	if changed, err := prober.Probe(t.Context(), known); err != nil || len(changed) != 0 {
		t.Errorf("nothing changed: got %v, %v", changed, err)
	}
	s.put(t, s.ref("newer", "0000000000000000002"), canary)
	s.put(t, s.ref("shadowed", "9"), canary) // unpadded, so the newest
	s.put(t, comes, canary)
	changed, err := prober.Probe(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []source.Ref{newer, shadowed, comes} {
		if !slices.Contains(changed, r) {
			t.Errorf("%s: its change is not seen", r)
		}
	}
	for _, r := range []source.Ref{quiet, absent} {
		if slices.Contains(changed, r) {
			t.Errorf("%s: a change that is none", r)
		}
	}
}
