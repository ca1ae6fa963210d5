package local_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// rekeying opens a store for Rekey.
func rekeying(o local.Options) (*local.Store, *store.Store) {
	s := local.New(o)
	return s, store.New(store.Options{Reader: s, Scanner: s, Writer: s, Decrypter: s, DataKeyGenerator: s, Rewriter: s, ReEncrypter: s})
}

func rekey(t *testing.T, o local.Options, pattern string) {
	t.Helper()
	_, st := rekeying(o)
	outcomes, err := st.Rekey(t.Context(), store.RekeyRequest{Scope: store.Scope{Pattern: pattern}})
	for _, out := range outcomes {
		err = errors.Join(err, out.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ids are the key ids of a key file, in its order.
func ids(t *testing.T, o local.Options) (all []string) {
	t.Helper()
	for line := range strings.Lines(string(read(t, o.KeyPath))) {
		all = append(all, strings.Fields(line)[1])
	}
	return all
}

func mustGet(t *testing.T, o local.Options, names ...string) {
	t.Helper()
	for _, name := range names {
		if got, err := get(t.Context(), open(o), source.Ref{Name: name}); got != "of "+name || err != nil {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

func newKey(t *testing.T, o local.Options, want bool) {
	t.Helper()
	s, _ := rekeying(o)
	if made, err := s.NewKey(t.Context()); made != want || err != nil {
		t.Fatalf("new key: %v, %v", made, err)
	}
}

func dropOld(t *testing.T, o local.Options, want int) {
	t.Helper()
	s, _ := rekeying(o)
	if left, _, err := s.DropOldKeys(t.Context()); left != want || err != nil {
		t.Fatalf("%d left, want %d: %v", left, want, err)
	}
}

func TestNewKey(t *testing.T) {
	_, o := create(t)
	put(t, open(o), "a", "of a", nil)
	put(t, open(o), "b", "of b", nil)
	first := ids(t, o)[0]
	newKey(t, o, true)
	newKey(t, o, false) // as after a kill
	put(t, open(o), "c", "of c", nil)
	rekey(t, o, "a")
	dropOld(t, o, 1)
	mustGet(t, o, "a", "b", "c")
	if got := ids(t, o); len(got) != 2 || got[0] != first {
		t.Fatalf("keys %v", got)
	}
	rekey(t, o, "")
	dropOld(t, o, 0)
	mustGet(t, o, "a", "b", "c")
	if got := ids(t, o); len(got) != 1 || got[0] == first {
		t.Errorf("keys %v, and %s was the first", got, first)
	}
	if info, err := os.Stat(o.KeyPath); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestNewKeyCutOff: between the writes to the two files. A key that was made
// and not yet put to use is the next; one that was given up never is again.
func TestNewKeyCutOff(t *testing.T) {
	_, o := create(t)
	put(t, open(o), "a", "of a", nil)
	_, foreign := create(t)
	first := read(t, o.KeyPath)
	write(t, o.KeyPath, append(bytes.Clone(first), read(t, foreign.KeyPath)...))
	mustGet(t, o, "a")
	dropOld(t, o, 0) // is no business of its
	newKey(t, o, true)
	if got, want := ids(t, o)[1], ids(t, foreign)[0]; got != want {
		t.Errorf("the new key is %s, not %s", got, want)
	}
	rekey(t, o, "")
	dropOld(t, o, 0)
	write(t, o.KeyPath, append(bytes.Clone(first), read(t, o.KeyPath)...))
	mustGet(t, o, "a")
	newKey(t, o, true)
	rekey(t, o, "")
	dropOld(t, o, 0)
	if got := ids(t, o); len(got) != 1 || got[0] == strings.Fields(string(first))[1] {
		t.Errorf("keys %v: the store has its first key again", got)
	}
	mustGet(t, o, "a")
}

// TestOldKeyInUse: a process that has read the key file before writes nothing
// that nobody could open.
func TestOldKeyInUse(t *testing.T) {
	_, o := create(t)
	old, st := rekeying(o)
	put(t, st, "a", "of a", nil)
	newKey(t, o, true)
	put(t, st, "b", "of b", nil) // still with the old key
	dropOld(t, o, 2)
	rekey(t, o, "")
	dropOld(t, o, 0)
	_, _, err := st.Put(t.Context(), store.PutRequest{Name: "c", Value: source.NewSecret([]byte("of c"))})
	if !errors.Is(err, source.ErrChanged) {
		t.Errorf("put under the old key: %v", err)
	}
	put(t, st, "c", "of c", nil) // it knows better now
	if _, err := old.Decrypt(t.Context(), bytes.Repeat([]byte("x"), 100), nil); !errors.Is(err, source.ErrDenied) {
		t.Errorf("noise: %v", err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if got, err := get(t.Context(), st, source.Ref{Name: name}); got != "of "+name || err != nil {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

// sharing makes a second store with the key file of o.
func sharing(t *testing.T, o local.Options) local.Options {
	t.Helper()
	o.Path += "-2"
	if made, err := local.Create(t.Context(), o); !made || err != nil {
		t.Fatal(made, err)
	}
	return o
}

// TestTwoStoresOfOneKeyFile: a new key for one leaves the other, and a backup,
// with a key that opens them.
func TestTwoStoresOfOneKeyFile(t *testing.T) {
	_, a := create(t)
	b := sharing(t, a)
	put(t, open(a), "a", "of a", nil)
	put(t, open(b), "b", "of b", nil)
	backup := a
	backup.Path += ".bak"
	write(t, backup.Path, read(t, a.Path))
	first := ids(t, a)[0]
	for range 2 { // the second time b's key is not in the key file
		newKey(t, a, true)
		rekey(t, a, "")
		dropOld(t, a, 0)
		mustGet(t, a, "a")
		mustGet(t, b, "b")
		mustGet(t, backup, "a")
	}
	keptFile := a.KeyPath + ".old-" + first
	if info, err := os.Stat(keptFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	put(t, open(b), "b2", "of b2", nil)
	before := ids(t, a)
	newKey(t, b, true)
	mustGet(t, b, "b", "b2")
	rekey(t, b, "")
	dropOld(t, b, 0)
	if after := ids(t, a); len(after) != 1 || after[0] != before[0] {
		t.Errorf("keys %v, were %v: b was to take the key that is there", after, before)
	}
	mustGet(t, a, "a")
	mustGet(t, b, "b", "b2")
	if err := os.Remove(keptFile); err != nil {
		t.Fatal(err)
	}
	mustGet(t, b, "b", "b2")
	if _, err := get(t.Context(), open(backup), source.Ref{Name: "a"}); !errors.Is(err, source.ErrDenied) {
		t.Errorf("the backup without its key: %v", err)
	}
}

// TestDropCutOff: items of the store itself under a key that another store has
// taken out of the key file meanwhile.
func TestDropCutOff(t *testing.T) {
	_, a := create(t)
	b := sharing(t, a)
	put(t, open(a), "a", "of a", nil)
	put(t, open(b), "b", "of b", nil)
	newKey(t, a, true)
	newKey(t, b, true) // and is killed there
	rekey(t, a, "")
	dropOld(t, a, 0)
	mustGet(t, b, "b")
	dropOld(t, b, 1)
	rekey(t, b, "")
	dropOld(t, b, 0)
	mustGet(t, b, "b")
}

// TestNewKeysAtOnce: two stores change their key file at the same time.
func TestNewKeysAtOnce(t *testing.T) {
	_, a := create(t)
	b := sharing(t, a)
	put(t, open(a), "a", "of a", nil)
	put(t, open(b), "b", "of b", nil)
	var wg sync.WaitGroup
	for _, o := range []local.Options{a, b} {
		wg.Go(func() {
			for range 10 {
				s, st := rekeying(o)
				_, err := s.NewKey(t.Context())
				outcomes, errRekey := st.Rekey(t.Context(), store.RekeyRequest{})
				for _, out := range outcomes {
					err = errors.Join(err, out.Err)
				}
				_, _, errDrop := s.DropOldKeys(t.Context())
				if err := errors.Join(err, errRekey, errDrop); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	mustGet(t, a, "a")
	mustGet(t, b, "b")
}

// TestKeptKeyOfAnItem: the id in a wrapped key may be anything, and is no path.
func TestKeptKeyOfAnItem(t *testing.T) {
	s, o := create(t)
	write(t, o.KeyPath+".old-", read(t, o.KeyPath))
	for _, id := range []string{"../../../../../e", "0123456789abcde/", strings.Repeat("0", 16)} {
		if _, err := s.Decrypt(t.Context(), []byte("crlk1"+id+strings.Repeat("x", 60)), nil); !errors.Is(err, source.ErrDenied) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestKeptKeyThatCannotBeUsed: what is the matter with the file of an old key is
// said, not that the key file has another.
func TestKeptKeyThatCannotBeUsed(t *testing.T) {
	_, a := create(t)
	b := sharing(t, a)
	put(t, open(a), "a", "of a", nil)
	put(t, open(b), "b", "of b", nil)
	backup := a
	backup.Path += ".bak"
	write(t, backup.Path, read(t, a.Path))
	keptFile := a.KeyPath + ".old-" + ids(t, a)[0]
	item, err := local.New(a).Newest(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	newKey(t, a, true)
	rekey(t, a, "")
	dropOld(t, a, 0)
	if err := os.Chmod(keptFile, 0o644); err != nil {
		t.Fatal(err)
	}
	_, errStore := get(t.Context(), open(backup), source.Ref{Name: "a"})
	_, errItem := local.New(a).Decrypt(t.Context(), item.Key, nil)
	for _, err := range []error{errStore, errItem} {
		if !errors.Is(err, local.ErrExposed) || !strings.Contains(err.Error(), keptFile+" is open to others") {
			t.Errorf("got %v", err)
		}
	}
	write(t, keptFile, []byte("garbled"))
	if err := os.Chmod(keptFile, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), open(b), source.Ref{Name: "b"}); !errors.Is(err, source.ErrIntegrity) || !strings.Contains(err.Error(), keptFile) {
		t.Errorf("got %v", err)
	}
}

func TestRewriteOfWhatIsNotThere(t *testing.T) {
	s, o := create(t)
	put(t, open(o), "a", "of a", nil)
	held, err := s.Get(t.Context(), "a", one)
	if err != nil {
		t.Fatal(err)
	}
	next := held
	next.Key = []byte("another")
	for name, change := range map[string]func(*credstash.Item){
		"another name":    func(it *credstash.Item) { it.Name = "b" },
		"another version": func(it *credstash.Item) { it.Version = "2" },
		"another key":     func(it *credstash.Item) { it.Key = []byte("x") },
	} {
		other := held
		change(&other)
		if err := s.Rewrite(t.Context(), other, next); !errors.Is(err, source.ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustGet(t, o, "a")
}
