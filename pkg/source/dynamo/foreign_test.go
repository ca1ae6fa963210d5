package dynamo_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// foreignValue makes an attribute value of a random type, of each type in turn at
// the top.
func foreignValue(r *rand.Rand, kind, depth int) types.AttributeValue {
	number := func() string { return fmt.Sprintf("%d.%d1", r.Int64(), r.Uint32()) } // beyond a float64
	word := func() string { return fmt.Sprintf("é<&>\"\n %d", r.Uint32()) }
	switch kind % 10 {
	case 0:
		return &types.AttributeValueMemberS{Value: word()}
	case 1:
		return &types.AttributeValueMemberN{Value: number()}
	case 2:
		return &types.AttributeValueMemberB{Value: []byte{0, 0xff, byte(r.Uint32())}}
	case 3:
		return &types.AttributeValueMemberNULL{Value: true}
	case 4:
		return &types.AttributeValueMemberBOOL{Value: r.IntN(2) == 0}
	case 5:
		return &types.AttributeValueMemberSS{Value: []string{word(), word()}}
	case 6:
		return &types.AttributeValueMemberNS{Value: []string{number(), number()}}
	case 7:
		return &types.AttributeValueMemberBS{Value: [][]byte{{1, byte(r.Uint32())}, {2, 0xfe}}}
	}
	size := r.IntN(3)
	if depth == 0 {
		size = 0
	}
	if kind%10 == 8 {
		list := []types.AttributeValue{}
		for range size {
			list = append(list, foreignValue(r, r.IntN(10), depth-1))
		}
		return &types.AttributeValueMemberL{Value: list}
	}
	m := map[string]types.AttributeValue{}
	for range size {
		m[word()] = foreignValue(r, r.IntN(10), depth-1)
	}
	return &types.AttributeValueMemberM{Value: m}
}

// TestForeignAttributesSurvive: whatever rewrites or copies an item keeps the
// attributes that other programs have given it, of every type.
func TestForeignAttributesSurvive(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { testForeign(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func testForeign(t *testing.T, r *rand.Rand) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	keys := kms.New(srv.Client(t), "alias/credstash")
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := storeOf(tab, keys)
	want := map[string]types.AttributeValue{}
	for kind := range 10 {
		want[fmt.Sprintf("x-%d", kind)] = foreignValue(r, kind, 3)
	}
	want["iv"], want["tag"] = foreignValue(r, 0, 0), foreignValue(r, 1, 0) // of another format than the item's
	if _, _, err := st.Put(t.Context(), store.PutRequest{Name: "n", Value: source.NewSecret([]byte("v"))}); err != nil {
		t.Fatal(err)
	}
	stored := rawItem(t, srv, "n", credstash.Pad("1"))
	maps.Copy(stored, want)
	stored["name"], stored["version"] = text("n"), text("1") // unpadded
	raw(t, srv, stored)
	if _, err := st.Delete(t.Context(), "n", credstash.Pad("1")); err != nil {
		t.Fatal(err)
	}

	check := func(after, table, version string) {
		t.Helper()
		got := rawItemOf(t, srv, table, "n", version)
		for _, ours := range []string{"name", "version", "key", "contents", "hmac", "digest"} {
			if got[ours] == nil {
				t.Errorf("%s: %s is gone", after, ours)
			}
			delete(got, ours)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(
			types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{}, types.AttributeValueMemberNULL{},
			types.AttributeValueMemberBOOL{}, types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{},
			types.AttributeValueMemberL{}, types.AttributeValueMemberM{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", after, diff)
		}
	}
	settled(t)(st.Migrate(t.Context(), store.MigrateRequest{}))
	one := credstash.Pad("1")
	check("padded", tableName, one)
	to, err := source.NewContext(map[string]string{"env": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	settled(t)(st.Rekey(t.Context(), store.RekeyRequest{To: &to}))
	check("rekeyed", tableName, one)

	lo := local.Options{Path: filepath.Join(t.TempDir(), "store"), KeyPath: filepath.Join(t.TempDir(), "key")}
	if _, err := local.Create(t.Context(), lo); err != nil {
		t.Fatal(err)
	}
	file := local.New(lo)
	mine := storeOf(file, file)
	scope := store.Scope{Contexts: store.Always(to)}
	settled(t)(st.Copy(t.Context(), store.CopyRequest{Scope: scope, Into: mine}))
	settled(t)(mine.Rekey(t.Context(), store.RekeyRequest{Scope: scope, To: &source.Context{}}))
	other := dynamo.New(srv.Client(t), "other")
	if _, err := other.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	settled(t)(mine.Copy(t.Context(), store.CopyRequest{Into: storeOf(other, keys)}))
	check("copied to a file and back", "other", one)

	// A digest that credstash does not know makes migrate seal the item anew.
	odd := rawItem(t, srv, "n", one)
	odd["digest"] = text("sha256")
	raw(t, srv, odd)
	settled(t)(st.Migrate(t.Context(), store.MigrateRequest{Scope: scope}))
	check("sealed anew", tableName, one)
}

// itemParts is a back end for items and one for keys.
type itemParts interface {
	store.Reader
	store.Scanner
	store.Writer
	store.Rewriter
}

type keyParts interface {
	store.Decrypter
	store.DataKeyGenerator
	store.ReEncrypter
}

func storeOf(items itemParts, keys keyParts) *store.Store {
	return store.New(store.Options{Reader: items, Scanner: items, Writer: items, Rewriter: items, Decrypter: keys, DataKeyGenerator: keys, ReEncrypter: keys})
}

// settled fails the test unless something was done, and without an error.
func settled(t *testing.T) func([]store.Outcome, error) {
	t.Helper()
	return func(done []store.Outcome, err error) {
		t.Helper()
		if err != nil || len(done) == 0 {
			t.Fatalf("%v, %v", done, err)
		}
		for _, o := range done {
			if o.Err != nil || o.Action == store.Kept {
				t.Fatalf("%+v", o)
			}
		}
	}
}
