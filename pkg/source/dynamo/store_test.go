package dynamo_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// parts opens a table and its key the way commands do: by settings and the
// SDK's environment variables alone.
func parts(t *testing.T, srv *awsfake.Server) (*dynamo.Table, *kms.Keys) {
	t.Helper()
	srv.SetEnv(t)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{KMSRegion: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	tab, keys := dynamo.New(c.AWS, tableName), kms.New(c.KMS, "alias/credstash")
	if _, err := tab.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tab, keys
}

func newStore(tab *dynamo.Table, keys *kms.Keys) *store.Store {
	return store.New(store.Options{Reader: tab, Scanner: tab, Writer: tab, VersionLister: tab, Decrypter: keys, DataKeyGenerator: keys, Prober: tab})
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Backend {
		tab, keys := parts(t, awsfake.Start(t))
		st := newStore(tab, keys)
		return sourcetest.Backend{Source: st, Put: sourcetest.Sealing(tab, keys), Writer: store.RefWriter{Store: st}}
	})
}

// Writers at once, each in its own client, lose no value and skip no version.
func TestConcurrentPuts(t *testing.T) {
	srv := awsfake.Start(t)
	parts(t, srv)
	const writers = 8
	versions := make(chan string, writers)
	var wg sync.WaitGroup
	for i := range writers {
		c, err := awsconfig.Load(t.Context(), awsconfig.Options{KMSRegion: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		tab, keys := dynamo.New(c.AWS, tableName), kms.New(c.KMS, "alias/credstash")
		wg.Go(func() {
			v, _, err := newStore(tab, keys).Put(t.Context(), store.PutRequest{Name: "db", Value: source.NewSecret([]byte{byte(i)})})
			if err != nil {
				t.Error(err)
			}
			versions <- v
		})
	}
	wg.Wait()
	close(versions)
	got := map[string]bool{}
	for v := range versions {
		got[v] = true
	}
	for i := range writers {
		if v := fmt.Sprintf("%019d", i+1); !got[v] {
			t.Errorf("version %s is missing of %v", v, got)
		}
	}
}

// What is asked of each service, and where: one Query and one Decrypt a ref, in
// the regions that were named.
func TestRequestsOfFetch(t *testing.T) {
	srv := awsfake.Start(t)
	tab, keys := parts(t, srv)
	put := sourcetest.Sealing(tab, keys)
	var refs []source.Ref
	for i := range 50 {
		name := fmt.Sprintf("n%d", i)
		if err := put(t.Context(), sourcetest.Value{Name: name, Version: "0000000000000000001", Data: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, source.Ref{Name: name})
	}
	refs = append(refs, source.Ref{Name: "missing"})
	srv.Forget()
	newStore(tab, keys).Fetch(t.Context(), refs)
	if q, d, all := srv.Count(awsfake.DynamoDB, "Query"), srv.Count(awsfake.KMS, "Decrypt"), srv.Count("", ""); q < 51 || q > 52 || d != 50 || all != q+d { // the missing one is asked for again where its connection had been used
		t.Errorf("got %d Queries and %d Decrypts of %d requests, want 51 or 52 and 50", q, d, all)
	}
	for _, r := range srv.Requests() {
		if want := map[string]string{awsfake.DynamoDB: "eu-west-1", awsfake.KMS: "us-east-1"}[r.Service]; r.Region != want {
			t.Errorf("%s %s went to %s, want %s", r.Service, r.Operation, r.Region, want)
		}
	}
}
