package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

func request(name, value string) store.PutRequest {
	return store.PutRequest{Name: name, Value: source.NewSecret([]byte(value))}
}

func TestPutStores(t *testing.T) {
	prod := contextOf(t, "Env=prod", "app.tier=web")
	tests := []struct {
		name string
		edit func(*store.PutRequest)
		want string // version
	}{
		{"first", func(*store.PutRequest) {}, one},
		{"comment", func(r *store.PutRequest) { r.Comment = "why" }, one},
		{"context", func(r *store.PutRequest) { r.Context = prod }, one},
		{"version", func(r *store.PutRequest) { r.Version = "7" }, "0000000000000000007"},
		{"odd version", func(r *store.PutRequest) { r.Version = "v1.2-beta" }, "0000000000v1.2-beta"},
		{"aes-ctr", func(r *store.PutRequest) { r.Algorithm = credstash.AESCTR }, one},
		{"aes-gcm", func(r *store.PutRequest) { r.Algorithm = credstash.AESGCM }, one},
		{"digest", func(r *store.PutRequest) { r.Digest = "SHA512" }, one},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			r := request("n", "value")
			tt.edit(&r)
			version, changed, err := f.Put(t.Context(), r)
			if version != tt.want || !changed || err != nil {
				t.Fatalf("got %q, %v, %v", version, changed, err)
			}
			item, err := f.table.get("n", version)
			if err != nil || item.Comment != r.Comment || item.Algorithm != r.Algorithm {
				t.Errorf("stored %+v, %v", item, err)
			}
			if r.Digest != "" && item.Digest != r.Digest {
				t.Errorf("digest %s", item.Digest)
			}
			if got, err := f.value(t, source.Ref{Name: "n", Version: version, Context: r.Context}); got != "value" || err != nil {
				t.Errorf("comes back as %q, %v", got, err)
			}
		})
	}
}

// TestPutConcurrently: many writers, every value kept, no version left out.
func TestPutConcurrently(t *testing.T) {
	f := newFixture()
	const writers, each = 16, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, _, err := f.Put(t.Context(), request("n", fmt.Sprintf("%d/%d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var values []string
	for v := 1; v <= writers*each; v++ {
		value, err := f.value(t, source.Ref{Name: "n", Version: fmt.Sprint(v)})
		if err != nil {
			t.Errorf("version %d: %v", v, err)
		}
		values = append(values, value)
	}
	slices.Sort(values)
	if n := len(slices.Compact(values)); n != writers*each || len(f.table.items) != n {
		t.Errorf("%d different values in %d items, want %d", n, len(f.table.items), writers*each)
	}
}

// TestPutAfterAnother: somebody else takes the next version in between, at
// first with another value, at last with ours.
func TestPutAfterAnother(t *testing.T) {
	for _, ifChanged := range []bool{false, true} {
		f := newFixture()
		others := []string{"other", "value"}
		f.table.fail = func(_ context.Context, op, _, version string) error {
			if op == "put" && len(others) > 0 {
				value := others[0]
				others = others[1:]
				fail := f.table.fail
				f.table.fail = nil
				f.plant(t, "n", version, value) //nolint:contextcheck // another writer
				f.table.fail = fail
			}
			return nil
		}
		r := request("n", "value")
		r.IfChanged = ifChanged
		version, changed, err := f.Put(t.Context(), r)
		want := "0000000000000000003"
		if ifChanged {
			want = two // it has the value
		}
		if version != want || changed == ifChanged || err != nil {
			t.Errorf("if changed %v: got %q, %v, %v, want %q", ifChanged, version, changed, err, want)
		}
		if n := f.kms.generated.Load(); n != 3 { // two by others
			t.Errorf("%d data keys made: a try again needs no new one", n)
		}
	}
}

func TestPutRefuses(t *testing.T) {
	tests := []struct {
		name  string
		plant string // newest version
		edit  func(*store.PutRequest)
		want  error
	}{
		{"after an unpadded version", "9", func(*store.PutRequest) {}, credstash.ErrUnpadded},
		{"after a word", "v5", func(*store.PutRequest) {}, credstash.ErrNotInt},
		{"after the last", "9999999999999999999", func(*store.PutRequest) {}, credstash.ErrLast},
		{"a version that exists", one, func(r *store.PutRequest) { r.Version = "1" }, source.ErrExists},
		{"too large", "", func(r *store.PutRequest) { r.Value = source.NewSecret(make([]byte, 310_000)) }, source.ErrTooLarge},
		{"a long name", "", func(r *store.PutRequest) { r.Name = string(make([]byte, 2049)) }, source.ErrTooLarge},
		{"no name", "", func(r *store.PutRequest) { r.Name = "" }, source.ErrRef},
		{"an unknown algorithm", "", func(r *store.PutRequest) { r.Algorithm = "aes-xts" }, source.ErrUnsupported},
		{"an unknown digest", "", func(r *store.PutRequest) { r.Digest = "MD2" }, source.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			if tt.plant != "" {
				f.plant(t, "n", tt.plant, "old")
			}
			made := f.kms.generated.Load()
			r := request("n", "value")
			tt.edit(&r)
			version, changed, err := f.Put(t.Context(), r)
			if !errors.Is(err, tt.want) || changed || version != "" {
				t.Errorf("got %q, %v, %v", version, changed, err)
			}
			if n := f.kms.generated.Load() - made; n != 0 && !errors.Is(tt.want, source.ErrExists) {
				t.Errorf("%d data keys made", n)
			}
			if stored := len(f.table.items); stored > 1 || tt.plant == "" && stored > 0 {
				t.Errorf("%d items stored", stored)
			}
		})
	}
}

// TestPutTooLargeAfterWrapping: a key that wraps to more than was foreseen is
// found out before anything is written.
func TestPutTooLargeAfterWrapping(t *testing.T) {
	f := newFixture()
	f.kms.overhead = 6000
	_, _, err := f.Put(t.Context(), store.PutRequest{Name: "n", Value: source.NewSecret(make([]byte, 303_000))})
	if !errors.Is(err, source.ErrTooLarge) || len(f.table.items) != 0 || f.kms.generated.Load() != 1 {
		t.Errorf("got %v, %d items", err, len(f.table.items))
	}
}

func TestPutIfChanged(t *testing.T) {
	prod := contextOf(t, "env=prod")
	tests := []struct {
		name    string
		edit    func(*testing.T, fixture, *store.PutRequest)
		version string
		changed bool
		err     error
	}{
		{"same", func(*testing.T, fixture, *store.PutRequest) {}, two, false, nil},
		{"other value", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Value = source.NewSecret([]byte("new")) },
			"0000000000000000003", true, nil},
		{"an older value", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Value = source.NewSecret([]byte("first")) },
			"0000000000000000003", true, nil},
		{"other context", func(t *testing.T, _ fixture, r *store.PutRequest) { r.Context = contextOf(t, "env=dev") },
			"0000000000000000003", true, nil},
		{"no such secret", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Name = "other" }, one, true, nil},
		{"damaged", func(_ *testing.T, f fixture, _ *store.PutRequest) {
			f.damage("n", two, "hmac", credstash.Attribute{Type: "S", S: "00"})
		}, "0000000000000000003", true, nil},
		{"may not decrypt", func(_ *testing.T, f fixture, _ *store.PutRequest) {
			f.kms.fail = func(context.Context) error { return source.ErrDenied }
		}, "", false, source.ErrDenied},
		{"that version, same", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Version = "2" }, two, false, nil},
		{"that version, other", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Version = "1" }, "", false, source.ErrExists},
		{"a free version", func(_ *testing.T, _ fixture, r *store.PutRequest) { r.Version = "5" }, "0000000000000000005", true, nil},
		{"unpadded, same", func(t *testing.T, f fixture, r *store.PutRequest) {
			f.plant(t, "bare", "9", "second")
			r.Name, r.Context = "bare", source.Context{}
		}, "9", false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture()
			f.put(t, "n", "first", prod)
			f.put(t, "n", "second", prod)
			r := request("n", "second")
			r.Context, r.IfChanged = prod, true
			tt.edit(t, f, &r)
			made := f.kms.generated.Load()
			version, changed, err := f.Put(t.Context(), r)
			if tt.err != nil {
				if !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
				return
			}
			if version != tt.version || changed != tt.changed || err != nil {
				t.Errorf("got %q, %v, %v, want %q, %v", version, changed, err, tt.version, tt.changed)
			}
			if !changed && f.kms.generated.Load() != made {
				t.Error("a data key was made for nothing")
			}
		})
	}
}

// TestPutAfterALostAnswer: the client repeats a write whose answer was lost and
// is told that the version exists. It is its own.
func TestPutAfterALostAnswer(t *testing.T) {
	for _, version := range []string{"", "1"} {
		f := newFixture()
		f.table.afterPut = func() error { return source.ErrExists }
		r := request("n", "value")
		r.Version = version
		got, changed, err := f.Put(t.Context(), r)
		if got != one || !changed || err != nil || len(f.table.items) != 1 {
			t.Errorf("version %q: got %q, %v, %v and %d items", version, got, changed, err, len(f.table.items))
		}
	}
}

// TestPutWithPutItemAlone: the policy that writers have in the field allows no
// reading.
func TestPutWithPutItemAlone(t *testing.T) {
	f := newFixture()
	f.table.fail = func(_ context.Context, op, _, _ string) error {
		if op != "put" {
			return source.ErrDenied
		}
		return nil
	}
	r := request("n", "value")
	r.Version = "1"
	if _, _, err := f.Put(t.Context(), r); err != nil {
		t.Errorf("first: %v", err)
	}
	if _, _, err := f.Put(t.Context(), r); !errors.Is(err, source.ErrExists) {
		t.Errorf("again: %v", err)
	}
}

func TestPutGivesUpWithItsContext(t *testing.T) {
	f := newFixture()
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	f.table.fail = func(_ context.Context, op, _, _ string) error {
		if op != "put" {
			return nil
		}
		if tries++; tries == 3 {
			cancel()
		}
		return source.ErrExists
	}
	if _, _, err := f.Put(ctx, request("n", "value")); !errors.Is(err, context.Canceled) || tries != 3 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

// A table that refuses every version as one that exists, and never has a newer one,
// does not keep a writer forever.
func TestPutGivesUpWhereNoVersionAppears(t *testing.T) {
	f := newFixture()
	tries := 0
	f.table.fail = func(_ context.Context, op, _, _ string) error {
		if op != "put" {
			return nil
		}
		tries++
		return source.ErrExists
	}
	if _, _, err := f.Put(t.Context(), request("n", "value")); !errors.Is(err, source.ErrExists) || tries > 10 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

func TestDelete(t *testing.T) {
	stored := []string{"0000000000000000007", "0000000000000000010", "7", "9"}
	tests := []struct {
		version       string
		deleted, left []string
	}{
		{"", stored, nil},
		{"7", []string{"0000000000000000007"}, []string{"0000000000000000010", "7", "9"}},
		{"9", []string{"9"}, []string{"0000000000000000007", "0000000000000000010", "7"}},
		{"0000000000000000010", []string{"0000000000000000010"}, []string{"0000000000000000007", "7", "9"}},
	}
	for _, scanning := range []bool{false, true} {
		for _, tt := range tests {
			f := newFixture(func(o *store.Options) {
				if scanning {
					o.VersionLister = nil
				}
			})
			for _, v := range stored {
				f.plant(t, "n", v, "value")
				f.plant(t, "n2", v, "value")
			}
			got, err := f.Delete(t.Context(), "n", tt.version)
			var deleted []string
			for _, e := range got {
				deleted = append(deleted, e.Version)
			}
			if diff := cmp.Diff(tt.deleted, deleted); diff != "" || err != nil {
				t.Errorf("delete %q: %v (-want +got):\n%s", tt.version, err, diff)
			}
			var left []string
			all, _ := f.table.Versions(t.Context(), "n")
			for _, item := range all {
				left = append(left, item.Version)
			}
			if diff := cmp.Diff(tt.left, left); diff != "" {
				t.Errorf("left after %q (-want +got):\n%s", tt.version, diff)
			}
			if len(f.table.items) != len(left)+len(stored) {
				t.Error("another secret was touched")
			}
		}
	}
}

func TestDeleteNothing(t *testing.T) {
	f := newFixture()
	f.put(t, "n", "value", source.Context{})
	for name, version := range map[string]string{"missing": "", "n": "2"} {
		if got, err := f.Delete(t.Context(), name, version); len(got) != 0 || !errors.Is(err, source.ErrNotFound) {
			t.Errorf("%s %s: %v, %v", name, version, got, err)
		}
	}
}

// TestDeleteStopsAtAnError: what is gone is told, and it is the oldest, so that
// no older value is the newest now.
func TestDeleteStopsAtAnError(t *testing.T) {
	f := newFixture()
	for _, v := range []string{"first", "second", "third"} {
		f.put(t, "n", v, source.Context{})
	}
	f.table.fail = func(_ context.Context, op, _, version string) error {
		if op == "delete" && version == two {
			return source.ErrThrottled
		}
		return nil
	}
	got, err := f.Delete(t.Context(), "n", "")
	if diff := cmp.Diff([]source.Entry{{Name: "n", Version: one}}, got); diff != "" || !errors.Is(err, source.ErrThrottled) {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if value, _ := f.value(t, source.Ref{Name: "n"}); value != "third" {
		t.Errorf("the newest is %q now", value)
	}
}
