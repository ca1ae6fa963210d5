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
