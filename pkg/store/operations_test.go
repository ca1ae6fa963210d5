package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// said is what outcomes come to: "rekeyed n 1", errors by their last word.
func said(outcomes []store.Outcome) []string {
	lines := []string{}
	for _, o := range outcomes {
		words := []string{string(o.Action), o.Name, strings.TrimLeft(o.Version, "0")}
		if o.To != "" {
			words = append(words, "to", strings.TrimLeft(o.To, "0"))
		}
		if o.Err != nil {
			words = append(words, "error")
		}
		lines = append(lines, strings.TrimSpace(strings.Join(words, " ")))
	}
	return lines
}

// stored lists the versions of a name as they are stored.
func (f fixture) stored(t testing.TB, name string) []string {
	t.Helper()
	items, err := f.table.Versions(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	versions := []string{}
	for _, it := range items {
		versions = append(versions, it.Version)
	}
	return versions
}

func TestRekeyMovesEveryVersion(t *testing.T) {
	dev, prod := contextOf(t, "env=dev"), contextOf(t, "env=prod")
	f := newFixture()
	f.put(t, "a", "one", dev)
	f.put(t, "a", "two", dev)
	f.put(t, "b", "three", prod)
	contents := func() (all []string) {
		for _, k := range []key{{"a", one}, {"a", two}, {"b", one}} {
			it, _ := f.table.get(k.name, k.version)
			all = append(all, string(it.Contents)+string(it.HMAC))
		}
		return all
	}
	before := contents()
	f.kms.under++
	var progress []int
	sc := store.Scope{
		Contexts: func(string) []source.Context { return []source.Context{dev, prod} },
		Progress: func(done, total int) { progress = append(progress, done*10+total) },
	}
	sc.DryRun = true
	got, err := f.Rekey(t.Context(), store.RekeyRequest{Scope: sc})
	want := []string{"rekeyed a 1", "rekeyed a 2", "rekeyed b 1"}
	if diff := cmp.Diff(want, said(got)); diff != "" || err != nil {
		t.Fatalf("dry run: %v (-want +got):\n%s", err, diff)
	}
	sc.DryRun = false
	got, err = f.Rekey(t.Context(), store.RekeyRequest{Scope: sc}) // as if nothing had been done
	if diff := cmp.Diff(want, said(got)); diff != "" || err != nil {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	got, err = f.Rekey(t.Context(), store.RekeyRequest{Scope: sc})
	if diff := cmp.Diff([]string{"a 1", "a 2", "b 1"}, said(got)); diff != "" || err != nil {
		t.Errorf("again: %v (-want +got):\n%s", err, diff)
	}
	if !slices.Equal(before, contents()) {
		t.Error("contents were touched")
	}
	if f.kms.decrypts.Load() != 0 {
		t.Error("a data key was shown")
	}
	if want := []int{13, 23, 33, 13, 23, 33, 13, 23, 33}; !slices.Equal(progress, want) {
		t.Errorf("progress %v, want %v", progress, want)
	}
	if v, err := f.value(t, source.Ref{Name: "a", Context: dev}); v != "two" || err != nil {
		t.Errorf("a is %q, %v", v, err)
	}
}

func TestRekeyToAnotherContext(t *testing.T) {
	dev, prod := contextOf(t, "env=dev"), contextOf(t, "env=prod")
	f := newFixture()
	f.put(t, "a", "one", dev)
	f.put(t, "b", "two", dev)
	f.put(t, "c", "three", contextOf(t, "env=other"))
	// An earlier run has got as far as b.
	r := store.RekeyRequest{Scope: store.Scope{Pattern: "b", Contexts: store.Always(dev)}, To: &prod}
	if _, err := f.Rekey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Pattern = ""
	got, err := f.Rekey(t.Context(), r)
	if diff := cmp.Diff([]string{"rekeyed a 1", "b 1", "c 1 error"}, said(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := got[2].Err; !errors.Is(err, source.ErrWrongContext) {
		t.Errorf("c: %v", err)
	}
	for name, want := range map[string]string{"a": "one", "b": "two"} {
		if v, err := f.value(t, source.Ref{Name: name, Context: prod}); v != want || err != nil {
			t.Errorf("%s is %q, %v", name, v, err)
		}
		if _, err := f.value(t, source.Ref{Name: name, Context: dev}); !errors.Is(err, source.ErrWrongContext) {
			t.Errorf("%s opens with its old context: %v", name, err)
		}
	}
}

// TestRekeyAgainstAnother: the item is put again, or deleted, between the look
// and the write.
func TestRekeyAgainstAnother(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		f := newFixture()
		f.put(t, "n", "old", source.Context{})
		f.kms.under++
		times := 0
		f.table.fail = func(ctx context.Context, op, name, version string) error {
			if op != "rewrite" {
				return nil
			}
			if times++; times > 1 {
				return nil
			}
			f.table.fail = nil
			if err := f.table.Delete(ctx, credstash.Item{Name: name, Version: version}); err != nil {
				t.Error(err)
			}
			if !deleted {
				f.kms.under-- // under the old key
				f.plant(t, name, version, "new")
				f.kms.under++
			}
			return nil
		}
		got, err := f.Rekey(t.Context(), store.RekeyRequest{})
		want := "rekeyed n 1"
		if deleted {
			want = "n 1"
		}
		if diff := cmp.Diff([]string{want}, said(got)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if v, _ := f.value(t, source.Ref{Name: "n"}); !deleted && v != "new" {
			t.Errorf("n is %q", v)
		}
	}
}

func TestPrune(t *testing.T) {
	f := newFixture()
	for _, v := range []string{"1", "2", "3"} {
		f.put(t, "a", v, source.Context{})
	}
	f.put(t, "b", "1", source.Context{})
	f.plant(t, "old", "8", "x")
	f.plant(t, "old", "0000000000000000009", "y")
	f.plant(t, "wide", "10000000000000000000", "x") // of 20 digits: readers get the next
	f.plant(t, "wide", "9999999999999999999", "y")
	want := []string{"deleted a 1", "deleted a 2", "old 8 error", "wide 9999999999999999999 error"}
	for _, dry := range []bool{true, false} {
		got, err := f.Prune(t.Context(), 1, store.Scope{DryRun: dry})
		if diff := cmp.Diff(want, said(got)); diff != "" || err != nil {
			t.Errorf("dry %v: %v (-want +got):\n%s", dry, err, diff)
		}
		if !errors.Is(got[2].Err, credstash.ErrUnpadded) {
			t.Errorf("old: %v", got[2].Err)
		}
	}
	if got := f.stored(t, "a"); !slices.Equal(got, []string{"0000000000000000003"}) {
		t.Errorf("a has %v", got)
	}
	if n := len(f.stored(t, "old")); n != 2 {
		t.Errorf("%d versions of old", n)
	}
	if _, err := f.Prune(t.Context(), 0, store.Scope{}); err == nil || len(f.stored(t, "b")) != 1 {
		t.Errorf("keep 0: %v", err)
	}
	got, _ := f.Prune(t.Context(), 1, store.Scope{Pattern: "a"})
	if len(got) != 0 {
		t.Errorf("again: %v", got)
	}
}

func TestVerify(t *testing.T) {
	prod := contextOf(t, "env=prod")
	f := newFixture()
	f.put(t, "damaged", "x", prod)
	f.damage("damaged", one, "hmac", credstash.Attribute{Type: "S", S: "00"})
	f.put(t, "fine", "x", prod)
	f.plant(t, "mixed", "9", "x")
	f.plant(t, "mixed", "0000000000000000010", "y")
	f.plant(t, "bare", "8", "x")
	f.plant(t, "bare", "12", "y")
	f.plant(t, "word", "0000000000000000beta", "z")
	f.put(t, "strange", "x", contextOf(t, "env=dev"))
	sc := store.Scope{Contexts: func(string) []source.Context { return []source.Context{prod, {}} }}
	for _, dry := range []bool{false, true} {
		sc.DryRun = dry
		verdicts, err := f.Verify(t.Context(), sc)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, v := range verdicts {
			got[v.Name+" "+strings.TrimLeft(v.Version, "0")] = fmt.Sprint(v.Notes, errors.Is(v.Err, source.ErrIntegrity), errors.Is(v.Err, source.ErrWrongContext))
		}
		want := map[string]string{
			"damaged 1": "[] true false", "fine 1": "[] false false", "mixed 9": "[unpadded] false false",
			"mixed 10": "[hidden] false false", "bare 8": "[unpadded] false false", "bare 12": "[unpadded hidden] false false", "word beta": "[not-int] false false", "strange 1": "[] false true",
		}
		if dry { // nothing is opened
			want["damaged 1"], want["strange 1"] = "[] false false", "[] false false"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dry %v (-want +got):\n%s", dry, diff)
		}
	}
}

func TestGetAllWithMixedContexts(t *testing.T) {
	dev, prod := contextOf(t, "env=dev"), contextOf(t, "env=prod")
	f := newFixture()
	f.put(t, "a", "old", dev)
	f.put(t, "a", "new", prod)
	f.put(t, "b", "b", dev)
	f.put(t, "c", "c", contextOf(t, "env=other"))
	got, err := f.GetAll(t.Context(), store.Scope{Contexts: func(name string) []source.Context {
		if name == "a" {
			return []source.Context{prod}
		}
		return []source.Context{prod, dev}
	}})
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	if a, b := string(got["a"].Secret.Reveal()), string(got["b"].Secret.Reveal()); a != "new" || b != "b" {
		t.Errorf("got %q and %q", a, b)
	}
	if !errors.Is(got["c"].Err, source.ErrWrongContext) {
		t.Errorf("c: %v", got["c"].Err)
	}
	if scans, reads := f.table.scans.Load(), f.table.reads.Load(); scans != 1 || reads > 4 { // 4 by the puts
		t.Errorf("%d scans and %d reads", scans, reads)
	}
}

func TestCopy(t *testing.T) {
	dev, prod := contextOf(t, "env=dev"), contextOf(t, "env=prod")
	f, other := newFixture(), newFixture()
	f.plant(t, "a", "9", "nine")
	r := request("b", "two")
	r.Context, r.Comment, r.Algorithm = dev, "why", credstash.AESGCM
	f.put(t, "b", "one", dev)
	if _, _, err := f.Put(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c := store.CopyRequest{Into: other.Store, Scope: store.Scope{Contexts: func(string) []source.Context { return []source.Context{dev, {}} }}}
	c.DryRun = true
	if got, err := f.Copy(t.Context(), c); err != nil || len(other.table.items) != 0 {
		t.Errorf("dry run: %v, %v", said(got), err)
	}
	c.DryRun = false
	got, err := f.Copy(t.Context(), c)
	if diff := cmp.Diff([]string{"stored a 9", "stored b 2"}, said(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	c.AllVersions = true
	got, err = f.Copy(t.Context(), c)
	if diff := cmp.Diff([]string{"a 9", "stored b 1", "b 2"}, said(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	item, _ := other.table.get("b", two)
	if v, err := other.value(t, source.Ref{Name: "b", Context: dev}); v != "two" || err != nil || item.Comment != "why" || item.Algorithm != credstash.AESGCM {
		t.Errorf("b is %q %q %q, %v", v, item.Comment, item.Algorithm, err)
	}
	c.To = &prod
	got, _ = f.Copy(t.Context(), c)
	for _, o := range got {
		if !errors.Is(o.Err, source.ErrExists) { // there, and in another context
			t.Errorf("%s %s: %v", o.Name, o.Version, o.Err)
		}
	}
}

func TestPutDryRun(t *testing.T) {
	f := newFixture()
	r := request("n", "value")
	r.DryRun = true
	if v, changed, err := f.Put(t.Context(), r); v != one || !changed || err != nil {
		t.Errorf("got %s, %v, %v", v, changed, err)
	}
	if n := f.kms.generated.Load(); n != 0 || len(f.table.items) != 0 {
		t.Errorf("%d data keys, %d items", n, len(f.table.items))
	}
	f.put(t, "n", "value", source.Context{})
	r.Version = "1"
	if _, _, err := f.Put(t.Context(), r); !errors.Is(err, source.ErrExists) {
		t.Errorf("a version that is there: %v", err)
	}
}

// TestCopyToHistoryThatIsNewer: readers of the copy get what readers of the original
// get, or somebody is told.
func TestCopyToHistoryThatIsNewer(t *testing.T) {
	f, other := newFixture(), newFixture()
	f.plant(t, "n", "9", "what readers get")
	f.plant(t, "n", credstash.Pad("10"), "hidden")
	for _, dry := range []bool{true, false} {
		done, err := f.Copy(t.Context(), store.CopyRequest{Scope: store.Scope{DryRun: dry}, Into: other.Store, AllVersions: true})
		want := []store.Outcome{
			{Name: "n", Version: credstash.Pad("10"), Action: store.Stored, Size: 6},
			{Name: "n", Version: credstash.Pad("9"), Action: store.Stored, Size: 16},
			{Name: "n", Version: "9", Action: store.Unhidden, To: credstash.Pad("10")},
		}
		if diff := cmp.Diff(want, done); diff != "" || err != nil {
			t.Errorf("dry %v: %v (-want +got):\n%s", dry, err, diff)
		}
	}
	other.plant(t, "n", credstash.Pad("11"), "newer")
	done, err := f.Copy(t.Context(), store.CopyRequest{Into: other.Store, AllVersions: true})
	if err != nil || len(done) != 2 || done[0].Err != nil || !errors.Is(done[1].Err, store.ErrNewer) {
		t.Errorf("%+v, %v", done, err)
	}
	// Who may not look the newest up goes without.
	other.table.fail = func(_ context.Context, op, _, _ string) error {
		if op == "newest" {
			return source.ErrDenied
		}
		return nil
	}
	if done, err := f.Copy(t.Context(), store.CopyRequest{Into: other.Store}); err != nil || len(done) != 1 || done[0].Err != nil {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestRekeyGivesUp: a table that refuses a change forever, and shows none, must not
// hold a rekey forever.
func TestRekeyGivesUp(t *testing.T) {
	f := newFixture()
	f.put(t, "a", "one", source.Context{})
	f.kms.under++
	f.table.fail = func(_ context.Context, op, _, _ string) error {
		if op == "rewrite" {
			return source.ErrChanged
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done, err := f.Rekey(ctx, store.RekeyRequest{})
	if err != nil || len(done) != 1 || !errors.Is(done[0].Err, source.ErrChanged) {
		t.Errorf("%+v, %v", done, err)
	}
}
