// Package sourcetest is the suite that every back end passes: what callers of a
// [source.Source] rely on, asked of a real one.
//
// A test of a back end calls [Run] with a function that makes an empty [Backend].
// Its fields say what the back end cannot do; the zero value is held to
// everything that a credstash-compatible store does. Where the source is a
// Globber, Lister or Prober too, those are tested as well.
package sourcetest

import (
	"context"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// Value is something to store.
type Value struct {
	Name    string
	Version string // stored exactly so; empty: 0000000000000000001
	Data    []byte
	Context map[string]string
}

// Backend is a source under test with the means to fill it.
type Backend struct {
	Source source.Source
	// Put stores a value. It is called one at a time.
	Put func(ctx context.Context, v Value) error
	// Prefix is the Ref.Source of all refs.
	Prefix string
	// Name turns a name of the suite into one of the back end, for one whose
	// names have a form (bucket/key, /path). Nil: as it is.
	Name func(string) string

	PlainNames bool // takes letters, digits, dots, dashes and underscores alone
	NoContexts bool // values have no encryption context
	NoVersions bool // one cannot store under a version of one's choice
	NoEmpty    bool // refuses empty values
	TextOnly   bool // refuses values that are not UTF-8
	MaxSize    int  // of a value in bytes; zero: 100 KiB and more
}

// Sealing returns a Put for a table and a maker of data keys: it seals values in
// credstash's own format and stores them under any version, which store.Put
// would pad.
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

// Run runs the suite. Each of its tests opens an empty back end of its own.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
		not  func(Backend) bool // where the back end cannot
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
	for _, tt := range tests {
		if tt.not == nil || !tt.not(what) {
			t.Run(tt.name, func(t *testing.T) { tt.run(t, &suite{open(t)}) })
		}
	}
}
