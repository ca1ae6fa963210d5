package awsconfig_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// slow is longer than a dial on loopback takes, so that what is dialed during
// a Query is ready after it.
const slow = 200 * time.Millisecond

// openStore returns a store with n secrets in it, opened anew so that nothing
// is connected, and their refs.
func openStore(t *testing.T, srv *awsfake.Server, m *awsconfig.Meter, n int) (*store.Store, []source.Ref) {
	t.Helper()
	setEnv(t, srv)
	tab, keys, err := open(t, awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tab.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := sourcetest.Sealing(tab, keys)
	var refs []source.Ref
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		if err := put(t.Context(), sourcetest.Value{Name: name, Version: "0000000000000000001", Data: []byte("value of " + name)}); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, source.Ref{Name: name})
	}
	if tab, keys, err = open(t, awsconfig.Options{Meter: m}); err != nil {
		t.Fatal(err)
	}
	srv.Forget()
	return store.New(store.Options{Reader: tab, Scanner: tab, Decrypter: keys}), refs
}

func wantNoErrors(t *testing.T, answers map[source.Ref]source.Result) {
	t.Helper()
	for r, res := range answers {
		if res.Err != nil {
			t.Errorf("%s: %v", r, res.Err)
		}
	}
}

// The connections to KMS are made while the Queries run: as many as will be
// used, and none again where they are there.
func TestPreconnect(t *testing.T) {
	const n = 20
	srv := awsfake.Start(t)
	m := &awsconfig.Meter{}
	st, refs := openStore(t, srv, m, n)
	ahead := make(chan int, 2*n) // never to be waited for: the server's lock is held
	srv.Fail(awsfake.Rule{Delay: slow})
	srv.Fail(awsfake.Rule{Operation: "Decrypt", Match: func(awsfake.Request) bool {
		ahead <- m.Usage().Connections.Opened
		return false
	}})
	for range 2 {
		wantNoErrors(t, st.Fetch(t.Context(), refs))
	}
	for range 2 * n {
		if got := <-ahead; got != 2*n {
			t.Fatalf("%d connections were made before the first Decrypt, want %d", got, 2*n)
		}
	}
	u := m.Usage()
	if c := u.Connections; c.Opened != 2*n || c.Predialed < n || c.Unused != 0 {
		t.Errorf("got %+v, want %d connections, at least half of them in advance", c, 2*n)
	}
	want := map[string]int{"dynamodb.Query": 2 * n, "kms.Decrypt": 2 * n}
	if diff := cmp.Diff(want, u.Requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if u.ReadUnits != 2*n || u.BytesReceived == 0 || u.Retries != 0 || u.Throttled != 0 {
		t.Errorf("got %+v", u)
	}
}

// A change check opens no connection to KMS, nor does a batch of nothing.
func TestPreconnectNothing(t *testing.T) {
	srv := awsfake.Start(t)
	st, refs := openStore(t, srv, &awsconfig.Meter{}, 3)
	answers := st.Fetch(t.Context(), nil)
	if _, err := st.Probe(t.Context(), []source.Known{{Ref: refs[0]}}); err != nil || len(answers) != 0 {
		t.Errorf("got %v, %v", answers, err)
	}
	if got := srv.Connections(awsfake.KMS); got != 0 {
		t.Errorf("KMS saw %d connections, want none", got)
	}
}

// What was made for secrets that are not there is told, and closed.
func TestPreconnectUnused(t *testing.T) {
	srv := awsfake.Start(t)
	m := &awsconfig.Meter{}
	st, _ := openStore(t, srv, m, 0)
	srv.Fail(awsfake.Rule{Operation: "Query", Delay: slow})
	st.Fetch(t.Context(), []source.Ref{{Name: "a"}, {Name: "b"}})
	if c := m.Usage().Connections; c.Opened != 4 || c.Unused != 2 {
		t.Errorf("got %+v, want 4 connections, 2 of them unused", c)
	}
}

// An address where nobody is, and a context that has ended, are no trouble; nor
// is a request that is made all the same.
func TestPreconnectNobodyThere(t *testing.T) {
	nowhere := closedPort(t)
	awsfake.SetEnv(t, "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+nowhere, "AWS_MAX_ATTEMPTS=1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b")
	m := &awsconfig.Meter{}
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{Meter: m})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { c.KMS.Preconnect(ctx, nowhere, 5) })
	for range 10 { // more than are being made
		if _, err := c.Identity(t.Context()); err == nil {
			t.Error("somebody answered")
		}
	}
	cancel()
	wg.Wait()
	c.KMS.Preconnect(ctx, nowhere, 5)
	c.KMS.Preconnect(t.Context(), "://", 5)
	c.KMS.Preconnect(t.Context(), "", 5)
	if got := m.Usage().Connections.Opened; got != 0 {
		t.Errorf("%d connections, want none", got)
	}
}

// A connection that the other end has closed meanwhile costs no attempt, and
// the request that finds out is sent again on another.
func TestClosedWhileIdle(t *testing.T) {
	srv := awsfake.Start(t)
	m := &awsconfig.Meter{}
	st, refs := openStore(t, srv, m, 1)
	wantNoErrors(t, st.Fetch(t.Context(), refs))
	srv.CloseConnections()
	wantNoErrors(t, st.Fetch(t.Context(), refs))
	if u := m.Usage(); u.Retries != 0 || u.Connections.Unused != 0 {
		t.Errorf("got %+v, want no retries", u)
	}
}
