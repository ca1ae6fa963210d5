package store_test

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// plantCTR32LE stores a value as rucredstash 0.9.1 does: its counter stands in
// the first four bytes, little-endian, and the hmac is right.
func (f fixture) plantCTR32LE(t *testing.T, name, value string) {
	t.Helper()
	dataKey, wrapped, err := f.kms.GenerateDataKey(t.Context(), 64, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(dataKey[:32])
	if err != nil {
		t.Fatal(err)
	}
	contents, stream := []byte(value), make([]byte, aes.BlockSize)
	for i := range contents {
		counter := make([]byte, aes.BlockSize)
		counter[15] = 1
		binary.LittleEndian.PutUint32(counter, uint32(i/aes.BlockSize))
		block.Encrypt(stream, counter)
		contents[i] ^= stream[i%aes.BlockSize]
	}
	mac := hmac.New(sha256.New, dataKey[32:])
	mac.Write(contents)
	item := credstash.Item{Name: name, Version: one, Key: wrapped, Contents: contents, HMAC: mac.Sum(nil), Digest: "SHA256"}
	if err := f.table.Put(t.Context(), item); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateRescues(t *testing.T) {
	const value = "a password that is longer than one block of the cipher"
	f := newFixture()
	f.plantCTR32LE(t, "damaged", value)
	f.put(t, "fine", value, source.Context{})
	f.put(t, "binary", "\xff\xfe\xfd and something more than a block", source.Context{})

	verdicts, err := f.Verify(t.Context(), store.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		if got := slices.Contains(v.Notes, store.NoteCTR32LE); got != (v.Name == "damaged") {
			t.Errorf("%s: noted as damaged: %v", v.Name, got)
		}
	}
	if got, err := f.Migrate(t.Context(), store.MigrateRequest{}); len(got) != 0 || err != nil {
		t.Errorf("unasked: %v, %v", said(got), err)
	}
	r := store.MigrateRequest{RescueCTR32LE: true}
	for _, dry := range []bool{true, false} {
		r.DryRun = dry
		got, err := f.Migrate(t.Context(), r)
		if diff := cmp.Diff([]string{"rescued damaged 1"}, said(got)); diff != "" || err != nil {
			t.Errorf("dry %v: %v (-want +got):\n%s", dry, err, diff)
		}
	}
	if got, err := f.value(t, source.Ref{Name: "damaged"}); got != value || err != nil {
		t.Errorf("it reads %q, %v", got, err)
	}
	if got, _ := f.Migrate(t.Context(), r); len(got) != 0 {
		t.Errorf("again: %v", said(got))
	}
}

// TestCutOff: prune, copy and rekey that fail at any of their writes are
// finished by running them again.
func TestCutOff(t *testing.T) {
	for cut := range 6 {
		f, other := newFixture(), newFixture()
		for _, v := range []string{"one", "two", "three"} {
			f.put(t, "a", v, source.Context{})
			f.put(t, "b", v, source.Context{})
		}
		runs := map[string]func() ([]store.Outcome, error){
			"copy": func() ([]store.Outcome, error) {
				return f.Copy(t.Context(), store.CopyRequest{Into: other.Store, AllVersions: true})
			},
			"rekey": func() ([]store.Outcome, error) { return f.Rekey(t.Context(), store.RekeyRequest{}) },
			"prune": func() ([]store.Outcome, error) { return f.Prune(t.Context(), 1, store.Scope{}) },
		}
		f.kms.under++
		for _, name := range []string{"copy", "rekey", "prune"} {
			f.table.cutAfter(cut)
			other.table.cutAfter(cut)
			_, _ = runs[name]()
			f.table.fail, other.table.fail = nil, nil
			outcomes, err := runs[name]()
			for _, o := range outcomes {
				if o.Err != nil || err != nil {
					t.Errorf("%s cut at %d: %v, %v", name, cut, o.Err, err)
				}
			}
			if again, _ := runs[name](); slices.ContainsFunc(again, func(o store.Outcome) bool { return o.Action != store.Kept }) {
				t.Errorf("%s cut at %d: not complete: %v", name, cut, said(again))
			}
		}
		if got := len(f.table.items); got != 2 || len(other.table.items) != 6 {
			t.Errorf("cut at %d: %d and %d items", cut, got, len(other.table.items))
		}
		if v, err := f.value(t, source.Ref{Name: "b"}); v != "three" || err != nil {
			t.Errorf("cut at %d: b is %q, %v", cut, v, err)
		}
	}
}
