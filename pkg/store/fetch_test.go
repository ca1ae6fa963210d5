package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

const one, two = "0000000000000000001", "0000000000000000002"

func TestFetchVersions(t *testing.T) {
	f := newFixture()
	for version, value := range map[string]string{
		one: "padded one", "0000000000000000010": "padded ten", "9": "bare nine", "0000000000000000007": "padded seven", "7": "bare seven",
		"0000000002019-01-01": "padded date", "v5": "bare five",
	} {
		f.plant(t, "n", version, value)
	}
	tests := map[string]string{
		"":                    "bare five", // the last by byte order
		"1":                   "padded one",
		one:                   "padded one",
		"10":                  "padded ten",
		"9":                   "bare nine",
		"7":                   "padded seven",
		"2019-01-01":          "padded date",
		"0000000002019-01-01": "padded date",
		"v5":                  "bare five",
	}
	for version, want := range tests {
		if got, err := f.value(t, source.Ref{Name: "n", Version: version}); got != want || err != nil {
			t.Errorf("version %q: got %q, %v, want %q", version, got, err, want)
		}
	}
}

func TestFetchAnswersEachRefByItself(t *testing.T) {
	f := newFixture()
	prod := contextOf(t, "env=prod")
	for _, name := range []string{"good", "damaged", "strange", "garbled"} {
		f.put(t, name, "value of "+name, prod)
	}
	f.damage("damaged", one, "hmac", credstash.Attribute{Type: "S", S: "00"})
	f.damage("strange", one, "algorithm", credstash.Attribute{Type: "S", S: "aes-xts"})
	f.damage("garbled", one, "key", credstash.Attribute{Type: "B"})
	f.table.fail = func(_ context.Context, _, name, _ string) error {
		if name == "throttled" {
			return source.ErrThrottled
		}
		return nil
	}
	want := map[source.Ref]error{
		{Name: "good", Context: prod}:               nil,
		{Name: "good", Version: "1", Context: prod}: nil,
		{Name: "good"}: source.ErrWrongContext,
		{Name: "good", Context: contextOf(t, "env=dev")}:  source.ErrWrongContext,
		{Name: "good", Version: "2", Context: prod}:       source.ErrNotFound,
		{Name: "missing", Context: prod}:                  source.ErrNotFound,
		{Name: "damaged", Context: prod}:                  source.ErrIntegrity,
		{Name: "garbled", Context: prod}:                  source.ErrIntegrity,
		{Name: "strange", Context: prod}:                  source.ErrUnsupported,
		{Name: "throttled", Context: prod}:                source.ErrThrottled,
		{Name: "Good", Context: prod}:                     source.ErrNotFound,
		{Source: "payments", Name: "good", Context: prod}: nil,
	}
	var refs []source.Ref
	for r := range want {
		refs = append(refs, r)
	}
	got := f.Fetch(t.Context(), refs)
	for r, err := range want {
		res, ok := got[r]
		if !ok || !errors.Is(res.Err, err) {
			t.Errorf("%s: got %v (answered: %v), want %v", r, res.Err, ok, err)
		}
		if (res.Err == nil) != (string(res.Secret.Reveal()) == "value of good") {
			t.Errorf("%s: a value beside an error, or none", r)
		}
		if res.Err != nil && strings.Contains(res.Err.Error(), "value") {
			t.Errorf("%s: the value is in %v", r, res.Err)
		}
		if absent := errors.Is(err, source.ErrNotFound); res.Trace.Absent != absent {
			t.Errorf("%s: trace %+v", r, res.Trace)
		}
	}
	item, _ := f.table.get("good", one)
	seen := source.Trace{Version: one, Mark: credstash.Mark(item), Size: int64(credstash.Size(item))}
	for _, r := range []source.Ref{{Name: "good", Context: prod}, {Name: "good"}} {
		if diff := cmp.Diff(seen, got[r].Trace); diff != "" {
			t.Errorf("%s: trace (-want +got):\n%s", r, diff)
		}
	}
}

// TestFetchUnwrapsEachKeyOnce: an item that two refs name, and one whose item
// cannot be opened at all.
func TestFetchUnwrapsEachKeyOnce(t *testing.T) {
	f := newFixture()
	f.put(t, "a", "value", source.Context{})
	f.put(t, "b", "value", source.Context{})
	f.damage("b", one, "digest", credstash.Attribute{Type: "S", S: "WHIRLPOOL"})
	got := f.Fetch(t.Context(), []source.Ref{{Name: "a"}, {Name: "a", Version: "1"}, {Name: "a", Version: one}, {Name: "b"}})
	if n := f.kms.decrypts.Load(); n != 1 || len(got) != 4 {
		t.Errorf("%d calls for %d refs", n, len(got))
	}
}

// TestFetchConcurrency: as many at once as allowed, and each Decrypt before the
// slower items are there.
func TestFetchConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(func(o *store.Options) { o.Concurrency = 7 })
		var refs []source.Ref
		for i := range 30 {
			name := fmt.Sprintf("n%d", i)
			f.put(t, name, "value", source.Context{})
			refs = append(refs, source.Ref{Name: name})
		}
		gate := make(chan struct{})
		f.kms.fail = func(context.Context) error { <-gate; return nil }
		done := make(chan map[source.Ref]source.Result)
		go func() { done <- f.Fetch(t.Context(), refs) }()
		synctest.Wait()
		if n := f.kms.inFlight.Load(); n != 7 {
			t.Errorf("%d at once, want 7", n)
		}
		close(gate)
		if got := <-done; len(got) != 30 || f.kms.mostSeen.Load() != 7 {
			t.Errorf("%d answers, at most %d at once", len(got), f.kms.mostSeen.Load())
		}
	})
}

func TestFetchDecryptsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.put(t, "fast", "value", source.Context{})
		f.put(t, "slow", "value", source.Context{})
		gate := make(chan struct{})
		f.table.fail = func(_ context.Context, _, name, _ string) error {
			if name == "slow" {
				<-gate
			}
			return nil
		}
		done := make(chan struct{})
		go func() { defer close(done); f.Fetch(t.Context(), []source.Ref{{Name: "slow"}, {Name: "fast"}}) }()
		synctest.Wait()
		if n := f.kms.decrypts.Load(); n != 1 {
			t.Errorf("%d keys asked for while an item is awaited, want 1", n)
		}
		close(gate)
		<-done
	})
}

func TestFetchCancelled(t *testing.T) {
	f := newFixture(func(o *store.Options) { o.Concurrency = 2 })
	ctx, cancel := context.WithCancel(t.Context())
	var refs []source.Ref
	for i := range 50 {
		refs = append(refs, source.Ref{Name: f.name(t, i)})
	}
	f.kms.fail = func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }
	before := f.table.reads.Load()
	got := f.Fetch(ctx, refs)
	for _, r := range refs {
		if res, ok := got[r]; !ok || !errors.Is(res.Err, context.Canceled) {
			t.Errorf("%s: %v, answered: %v", r, res.Err, ok)
		}
	}
	if reads, keys := f.table.reads.Load()-before, f.kms.decrypts.Load(); reads > 4 || keys > 2 {
		t.Errorf("%d items and %d keys asked for after the end", reads, keys)
	}
}

// name puts the i-th secret.
func (f fixture) name(t testing.TB, i int) string {
	t.Helper()
	name := fmt.Sprintf("n%03d", i)
	f.put(t, name, "value", source.Context{})
	return name
}

func TestGlob(t *testing.T) {
	f := newFixture()
	prod := contextOf(t, "env=prod")
	for name, values := range map[string][]string{"web.key": {"old", "new"}, "web.crt": {"chain"}, "db.key": {"other"}} {
		for _, v := range values {
			f.put(t, name, v, prod)
		}
	}
	f.put(t, "web.dev", "dev", contextOf(t, "env=dev"))
	f.put(t, "web.bad", "bad", prod)
	f.damage("web.bad", one, "contents", credstash.Attribute{Type: "N", S: "1"})
	calls := f.kms.decrypts.Load()

	got, err := f.Glob(t.Context(), source.Ref{Name: "web.*", Context: prod})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || string(got["web.key"].Secret.Reveal()) != "new" || string(got["web.crt"].Secret.Reveal()) != "chain" {
		t.Errorf("got %v", got)
	}
	if got["web.key"].Trace.Version != two {
		t.Errorf("trace of web.key: %+v", got["web.key"].Trace)
	}
	for name, want := range map[string]error{"web.dev": source.ErrWrongContext, "web.bad": source.ErrIntegrity} {
		if !errors.Is(got[name].Err, want) {
			t.Errorf("%s: %v", name, got[name].Err)
		}
	}
	if n := f.kms.decrypts.Load() - calls; n != 3 || f.table.scans.Load() != 1 {
		t.Errorf("%d keys asked for in %d scans, want 3 (newest of three sound items) in 1", n, f.table.scans.Load())
	}
	if got, err := f.Glob(t.Context(), source.Ref{Name: "nothing*"}); got == nil || len(got) != 0 || err != nil {
		t.Errorf("no match: %v, %v", got, err)
	}
	f.table.fail = func(context.Context, string, string, string) error { return source.ErrDenied }
	if got, err := f.Glob(t.Context(), source.Ref{Name: "*"}); got != nil || !errors.Is(err, source.ErrDenied) {
		t.Errorf("scan denied: %v, %v", got, err)
	}
}

func TestList(t *testing.T) {
	f := newFixture()
	f.plant(t, "b", "9", "v")
	f.plant(t, "b", "0000000000000000010", "v")
	f.plant(t, "a.x", one, "v")
	if _, _, err := f.Put(t.Context(), store.PutRequest{Name: "a.x", Comment: "why"}); err != nil {
		t.Fatal(err)
	}
	all := []source.Entry{
		{Name: "a.x", Version: one}, {Name: "a.x", Version: two, Comment: "why"},
		{Name: "b", Version: "0000000000000000010"}, {Name: "b", Version: "9"},
	}
	for pattern, want := range map[string][]source.Entry{"": all, "*": all, "a.*": all[:2], "b": all[2:], "c": {}} {
		got, err := f.List(t.Context(), pattern)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", pattern, err, diff)
		}
	}
	f.table.fail = func(context.Context, string, string, string) error { return source.ErrNoStore }
	if _, err := f.List(t.Context(), ""); !errors.Is(err, source.ErrNoStore) {
		t.Errorf("without a table: %v", err)
	}
}

// probed is a store, and what a look at it has found: of two names that there is
// nothing, and of one that it does not open.
func probed(t *testing.T) (fixture, []source.Known) {
	t.Helper()
	f := newFixture()
	refs := []source.Ref{{Name: "same"}, {Name: "newer"}, {Name: "again"}, {Name: "gone"}, {Name: "absent"}, {Name: "comes"},
		{Name: "newer", Version: "1"}, {Name: "wrong", Context: contextOf(t, "env=dev")}}
	for _, r := range refs {
		if _, _, err := f.Put(t.Context(), store.PutRequest{Name: r.Name, Version: "1"}); err != nil && !errors.Is(err, source.ErrExists) {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"absent", "comes"} {
		if _, err := f.Delete(t.Context(), name, ""); err != nil {
			t.Fatal(err)
		}
	}
	var known []source.Known
	for r, res := range f.Fetch(t.Context(), refs) {
		known = append(known, source.Known{Ref: r, Trace: res.Trace})
	}
	return f, known
}

func TestProbe(t *testing.T) {
	f, known := probed(t)
	calls := f.kms.decrypts.Load()
	probe := func() map[source.Ref]bool {
		t.Helper()
		changed, err := f.Probe(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		got := map[source.Ref]bool{}
		for _, r := range changed {
			got[r] = true
		}
		return got
	}
	if diff := cmp.Diff(map[source.Ref]bool{}, probe(), cmp.AllowUnexported(source.Context{})); diff != "" {
		t.Errorf("nothing changed (-want +got):\n%s", diff)
	}
	f.put(t, "newer", "2", source.Context{})
	f.put(t, "comes", "1", source.Context{})
	for _, name := range []string{"again", "gone"} {
		if _, err := f.Delete(t.Context(), name, ""); err != nil {
			t.Fatal(err)
		}
	}
	f.put(t, "again", "another value, the same version", source.Context{})
	known = append(known, source.Known{Ref: source.Ref{Name: "never fetched"}})
	want := map[source.Ref]bool{{Name: "newer"}: true, {Name: "comes"}: true, {Name: "again"}: true, {Name: "gone"}: true, {Name: "never fetched"}: true}
	if diff := cmp.Diff(want, probe(), cmp.AllowUnexported(source.Context{})); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if f.kms.decrypts.Load() != calls {
		t.Error("a probe has asked for keys")
	}
	f.table.fail = func(context.Context, string, string, string) error { return source.ErrUnreachable }
	changed, err := f.Probe(t.Context(), known)
	look, ok := errors.AsType[*source.ProbeError](err)
	if !ok || len(look.Unseen) != len(known)-1 || len(changed) != 1 {
		t.Errorf("with an unreachable table: got %v, %v; want what was never fetched, and no answer about the %d others", changed, err, len(known)-1)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Probe(ctx, known); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
