// Package sourcetest is a conformance suite for back ends: it tests what callers of a
// [source.Source] rely on.
//
// A test of a back end calls [Run] with a function that returns an empty [Backend]. The
// fields of Backend exclude what the back end cannot do; with the zero value, Run tests
// everything that a credstash-compatible store can do. If the source is also a Globber,
// Lister or Prober, Run tests these interfaces too. With a Writer, it tests writing
// ([RunWrites]).
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// Value is a value to store.
type Value struct {
	Name    string
	Version string // stored exactly so; empty: 0000000000000000001
	Data    []byte
	Context map[string]string
}

// Backend is a source under test, with a function that fills it.
type Backend struct {
	Source source.Source
	// Put stores a value. Calls do not overlap.
	Put func(ctx context.Context, v Value) error
	// Prefix is the Ref.Source of all refs.
	Prefix string
	// Name converts a name of the suite to the form that the back end requires, such as
	// bucket/key or /path. nil: names stay unchanged.
	Name func(string) string

	// Writer writes the secrets of Source; nil: the suite's write half is left out. It
	// also tests that its refusals write nothing.
	Writer source.Writer
	// Report is called with the outcome of each operation of the write half: "yes", or
	// why the source refuses it. nil: nothing is reported.
	Report func(operation, outcome string)

	PlainNames bool // names have only letters, digits, dots, dashes and underscores
	NoContexts bool // values have no encryption context
	NoVersions bool // Put cannot choose the version
	NoEmpty    bool // empty values are refused
	TextOnly   bool // values that are not UTF-8 are refused
	MaxSize    int  // limit of a value in bytes; zero: at least 100 KiB

	NoCompare bool // a write cannot depend on the newest version for certain
	Keeps     bool // a deleted secret can be restored, and not be created anew
	NoHistory bool // a secret is a part of a value, so it has no versions of its own
}

// Sealing returns a Put that seals values in credstash's own format. Unlike store.Put, it
// does not pad versions.
func Sealing(w store.Writer, k store.DataKeyGenerator) func(context.Context, Value) error {
	return func(ctx context.Context, v Value) error {
		size, err := credstash.KeySize(credstash.Legacy)
		if err != nil {
			return err
		}
		dataKey, wrapped, err := k.GenerateDataKey(ctx, size, v.Context)
		if err != nil {
			return err
		}
		item, err := credstash.Seal(credstash.Item{Name: v.Name, Version: v.Version, Key: wrapped}, v.Data, dataKey)
		if err != nil {
			return err
		}
		return w.Put(ctx, item)
	}
}

// Run runs the suite. Each test opens an empty back end of its own.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
		not  func(Backend) bool // skips the test; nil: never
	}{
		{"names", testNames, nil},
		{"odd names", testOddNames, func(b Backend) bool { return b.PlainNames }},
		{"values", testValues, nil},
		{"contexts", testContexts, func(b Backend) bool { return b.NoContexts }},
		{"versions", testVersions, func(b Backend) bool { return b.NoVersions }},
		{"batch", testBatch, nil},
		{"mixed batch", testMixedBatch, nil},
		{"at once", testAtOnce, nil},
		{"cancelled", testCancelled, nil},
		{"trace", testTrace, nil},
		{"glob", testGlob, func(b Backend) bool { _, ok := b.Source.(source.Globber); return !ok }},
		{"list", testList, func(b Backend) bool { _, ok := b.Source.(source.Lister); return !ok || b.NoVersions }},
		{"probe", testProbe, func(b Backend) bool { _, ok := b.Source.(source.Prober); return !ok || b.NoVersions }},
	}
	what := open(t)
	if what.Writer != nil {
		RunWrites(t, open)
	}
	for _, tt := range tests {
		if tt.not == nil || !tt.not(what) {
			t.Run(tt.name, func(t *testing.T) { tt.run(t, &suite{open(t)}) })
		}
	}
}

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
