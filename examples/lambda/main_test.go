package main

import (
	"errors"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

var links = map[string]string{"env": "prod", "service": "links"}

// world is a function in an account with one secret.
type world struct {
	aws  *awsfake.Server
	keep *store.Store
	s    *signer
	now  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{aws: awsfake.Start(t), now: time.Unix(0, 0)}
	cfg := w.aws.Client(t, awsfake.OneAttempt)
	table, keys := dynamo.New(cfg, "credential-store"), kms.New(cfg, "alias/credstash")
	if _, err := table.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.keep = store.New(store.Options{Reader: table, Scanner: table, Writer: table, Decrypter: keys, DataKeyGenerator: keys, VersionLister: table})
	w.put(t, "old")

	secrets, err := open(t.Context(), "credential-store")
	if err != nil {
		t.Fatal(err)
	}
	key, err := source.Parse("links.key?env=prod&service=links", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.s = &signer{secrets: secrets, key: key, now: func() time.Time { return w.now }}
	return w
}

func (w *world) put(t *testing.T, value string) {
	t.Helper()
	c, err := source.NewContext(links)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.keep.Put(t.Context(), store.PutRequest{Name: "links.key", Value: source.NewSecret([]byte(value)), Context: c}); err != nil {
		t.Fatal(err)
	}
}

// HMAC-SHA-256 of "/a" with the keys "old" and "new", as openssl says.
const (
	byOld = "5ccd17819474cf8b897b4e5ca4612a6ccdd4f3308f42c7ec520cd2d41e7ff2b3"
	byNew = "ad237774cf2ff93bda4e20f59d07d5aaeaa243c020d8599ed5d70b4beab79932"
)

func (w *world) want(t *testing.T, signature string) {
	t.Helper()
	got, err := w.s.sign(t.Context(), request{Path: "/a"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Signature != signature {
		t.Errorf("signature %s, want %s", got.Signature, signature)
	}
}

func TestFetchesOnceWhileWarm(t *testing.T) {
	w := newWorld(t)
	w.aws.Forget()
	w.want(t, byOld)
	w.put(t, "new")
	w.now = w.now.Add(maxAge - time.Second)
	w.want(t, byOld)
	if n := w.aws.Count(awsfake.KMS, "Decrypt"); n != 1 {
		t.Errorf("%d requests to decrypt, want 1", n)
	}
	w.now = w.now.Add(time.Second)
	w.want(t, byNew)
}

func TestSurvivesOutage(t *testing.T) {
	w := newWorld(t)
	w.want(t, byOld)
	w.now = w.now.Add(time.Hour)
	heal := w.aws.Fail(awsfake.Rule{Service: awsfake.DynamoDB, Code: "InternalServerError", Status: 500})
	w.want(t, byOld)
	heal()
	w.put(t, "new")
	w.want(t, byNew)
}

func TestDeletedKeyIsAnError(t *testing.T) {
	w := newWorld(t)
	w.want(t, byOld)
	if _, err := w.keep.Delete(t.Context(), "links.key", ""); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	if _, err := w.s.sign(t.Context(), request{Path: "/a"}); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("error %v, want %v", err, source.ErrNotFound)
	}
}
