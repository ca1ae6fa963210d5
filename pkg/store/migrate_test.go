package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

func TestMigratePads(t *testing.T) {
	f := newFixture()
	for v, value := range map[string]string{"8": "eight", "9": "nine", "10": "ten", "0000000000000000011": "eleven"} {
		f.plant(t, "n", v, value)
	}
	f.put(t, "fine", "x", source.Context{})
	want := []string{"padded n 10 to 10", "padded n 8 to 8", "padded n 9 to 9", "unhidden n 9 to 11"}
	for _, dry := range []bool{true, false} {
		got, err := f.Migrate(t.Context(), store.MigrateRequest{Scope: store.Scope{DryRun: dry}})
		if diff := cmp.Diff(want, said(got)); diff != "" || err != nil {
			t.Errorf("dry %v: %v (-want +got):\n%s", dry, err, diff)
		}
	}
	wantStored := []string{"0000000000000000008", "0000000000000000009", "0000000000000000010", "0000000000000000011"}
	if diff := cmp.Diff(wantStored, f.stored(t, "n")); diff != "" {
		t.Error(diff)
	}
	if v, err := f.value(t, source.Ref{Name: "n", Version: "9"}); v != "nine" || err != nil {
		t.Errorf("version 9 is %q, %v", v, err)
	}
	f.put(t, "n", "twelve", source.Context{}) // which was refused before
	if got, _ := f.Migrate(t.Context(), store.MigrateRequest{}); len(got) != 0 {
		t.Errorf("again: %v", said(got))
	}
}

// TestMigrateKilled: cut off before any of its writes, a second run ends with
// the same, and meanwhile no reader sees another value than the first or the last.
func TestMigrateKilled(t *testing.T) {
	for cut := range 8 {
		f := newFixture()
		for v, value := range map[string]string{"8": "eight", "9": "nine", "10": "ten"} {
			f.plant(t, "n", v, value)
		}
		f.table.cutAfter(cut)
		_, _ = f.Migrate(t.Context(), store.MigrateRequest{})
		f.table.fail = nil
		if v, err := f.value(t, source.Ref{Name: "n"}); v != "nine" && (v != "ten" || cut < 6) || err != nil {
			t.Errorf("cut at %d: reads %q, %v", cut, v, err)
		}
		if _, err := f.Migrate(t.Context(), store.MigrateRequest{}); err != nil {
			t.Error(err)
		}
		want := []string{"0000000000000000008", "0000000000000000009", "0000000000000000010"}
		if diff := cmp.Diff(want, f.stored(t, "n")); diff != "" {
			t.Errorf("cut at %d:\n%s", cut, diff)
		}
	}
}

// replant puts another item in the place of one, as between two calls of a test.
func (f *fixture) replant(t *testing.T, name, version, value string) {
	t.Helper()
	f.table.fail = nil
	if err := f.table.Delete(t.Context(), credstash.Item{Name: name, Version: version}); err != nil {
		t.Fatal(err)
	}
	f.plant(t, name, version, value)
}

// What somebody puts or wraps anew under the unpadded version while it is moved
// is not deleted: nothing is lost, nothing is in the way of the next run.
func TestMigrateAgainstAnother(t *testing.T) {
	f := newFixture()
	f.plant(t, "n", "8", "old")
	f.table.fail = func(_ context.Context, op, _, version string) error {
		if op == "delete" && version == "8" {
			f.replant(t, "n", "8", "new")
		}
		return nil
	}
	got, err := f.Migrate(t.Context(), store.MigrateRequest{})
	if len(got) != 1 || !errors.Is(got[0].Err, source.ErrChanged) || got[0].Action != store.Kept || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if v, err := f.value(t, source.Ref{Name: "n"}); v != "new" || err != nil {
		t.Errorf("reads %q, %v", v, err)
	}
	if got, err := f.Migrate(t.Context(), store.MigrateRequest{}); !cmp.Equal(said(got), []string{"padded n 8 to 8"}) || err != nil {
		t.Errorf("again: %v, %v", said(got), err)
	}
	if v, err := f.value(t, source.Ref{Name: "n", Version: "8"}); v != "new" || err != nil {
		t.Errorf("version 8 is %q, %v", v, err)
	}
}

// A version that somebody has put anew since the versions were counted may be
// the newest: it stays.
func TestPruneAgainstAnother(t *testing.T) {
	f := newFixture()
	f.put(t, "n", "first", source.Context{})
	f.put(t, "n", "second", source.Context{})
	f.table.fail = func(ctx context.Context, op, _, _ string) error {
		if op != "delete" {
			return nil
		}
		f.table.fail = nil
		if _, err := f.Delete(ctx, "n", ""); err != nil {
			t.Error(err)
		}
		f.put(t, "n", "anew", source.Context{})
		return nil
	}
	got, err := f.Prune(t.Context(), 1, store.Scope{})
	if len(got) != 1 || !errors.Is(got[0].Err, source.ErrChanged) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if v, err := f.value(t, source.Ref{Name: "n"}); v != "anew" || err != nil {
		t.Errorf("reads %q, %v", v, err)
	}
}

func TestDeleteAgainstAnother(t *testing.T) {
	for _, scanning := range []bool{false, true} {
		f := newFixture(func(o *store.Options) {
			if scanning {
				o.VersionLister = nil
			}
		})
		f.put(t, "n", "old", source.Context{})
		f.table.fail = func(_ context.Context, op, name, version string) error {
			if op == "delete" {
				f.replant(t, name, version, "anew")
			}
			return nil
		}
		if got, err := f.Delete(t.Context(), "n", ""); len(got) != 0 || !errors.Is(err, source.ErrChanged) {
			t.Errorf("%v, %v", got, err)
		}
		if v, err := f.value(t, source.Ref{Name: "n"}); v != "anew" || err != nil {
			t.Errorf("reads %q, %v", v, err)
		}
	}
}

func TestMigrateKeepsBothOfAConflict(t *testing.T) {
	f := newFixture()
	f.plant(t, "n", "9", "unpadded")
	f.plant(t, "n", "0000000000000000009", "padded")
	for _, dry := range []bool{true, false} {
		got, err := f.Migrate(t.Context(), store.MigrateRequest{Scope: store.Scope{DryRun: dry}})
		if len(got) != 1 || !errors.Is(got[0].Err, source.ErrExists) || err != nil {
			t.Errorf("dry %v: %v, %v", dry, got, err)
		}
	}
	if n := len(f.stored(t, "n")); n != 2 {
		t.Errorf("%d versions left", n)
	}
}

func TestMigratePutsAgain(t *testing.T) {
	prod := contextOf(t, "env=prod")
	f := newFixture()
	f.put(t, "old", "value", prod)
	f.damage("old", one, "digest", credstash.Attribute{Type: "S", S: "sha256"}) // as nodecredstash may
	r := request("gcm", "binary")
	r.Algorithm, r.Context = credstash.AESGCM, prod
	if _, _, err := f.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	m := store.MigrateRequest{Scope: store.Scope{Contexts: store.Always(prod)}}
	got, err := f.Migrate(t.Context(), m)
	if diff := cmp.Diff([]string{"put again old 1"}, said(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	m.Legacy = true
	got, err = f.Migrate(t.Context(), m)
	if diff := cmp.Diff([]string{"put again gcm 1"}, said(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, want := range map[string]string{"old": "value", "gcm": "binary"} {
		item, _ := f.table.get(name, one)
		if !credstash.Portable(item) || len(item.IV)+len(item.Tag) > 0 || f.table.items[key{name, one}]["algorithm"].S != "" {
			t.Errorf("%s is %+v", name, item)
		}
		if v, err := f.value(t, source.Ref{Name: name, Context: prod}); v != want || err != nil {
			t.Errorf("%s reads %q, %v", name, v, err)
		}
	}
}
