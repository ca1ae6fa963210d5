package awsconfig_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// slow is longer than a dial on loopback takes, so that what is dialled during
// a Query is ready after it.
const slow = 200 * time.Millisecond

// openStore returns a store with n secrets in it, opened anew so that nothing
// is connected, and their refs.
func openStore(t *testing.T, srv *awsfake.Server, m *awsconfig.Meter, n int) (*store.Store, []source.Ref) {
	t.Helper()
	setEnv(t, srv)
	tab, keys, err := awsconfig.Open(t.Context(), awsconfig.Settings{}, table, key)
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
		if err := put(t.Context(), sourcetest.Value{Name: name, Version: "0000000000000000001", Data: []byte("v")}); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, source.Ref{Name: name})
	}
	if tab, keys, err = awsconfig.Open(t.Context(), awsconfig.Settings{Meter: m}, table, key); err != nil {
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

// The connections to KMS are dialled while the Queries run: as many as will be
// used, and none again where they are there.
func TestPredial(t *testing.T) {
	const n = 20
	srv := awsfake.Start(t)
	m := &awsconfig.Meter{}
	st, refs := openStore(t, srv, m, n)
	ahead := make(chan int, 2*n) // never to be waited for: the server's lock is held
	srv.Fail(awsfake.Rule{Delay: slow})
	srv.Fail(awsfake.Rule{Operation: "Decrypt", Match: func(awsfake.Request) bool {
		ahead <- m.Usage().Connections.Predialed
		return false
	}})
	for range 2 {
		wantNoErrors(t, st.Fetch(t.Context(), refs))
	}
	for range 2 * n {
		if got := <-ahead; got != n {
			t.Fatalf("%d connections were dialled before the first Decrypt, want %d", got, n)
		}
	}
	u := m.Usage()
	if diff := cmp.Diff(awsconfig.Connections{Opened: 2 * n, Predialed: n}, u.Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	if got := srv.Connections(awsfake.KMS); got != n {
		t.Errorf("KMS saw %d connections, want %d", got, n)
	}
	if got := srv.Count("", ""); got != 4*n {
		t.Errorf("%d requests arrived, want %d", got, 4*n)
	}
	want := map[string]int{"dynamodb.Query": 2 * n, "kms.Decrypt": 2 * n}
	if diff := cmp.Diff(want, u.Requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if u.ReadUnits != 2*n || u.BytesReceived == 0 || u.Retries != 0 || u.Throttled != 0 {
		t.Errorf("got %+v", u)
	}
}

// A probe opens no connection to KMS, nor does a batch of nothing.
func TestPredialNothing(t *testing.T) {
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

// What was dialled for secrets that are not there is told.
func TestPredialWasted(t *testing.T) {
	srv := awsfake.Start(t)
	m := &awsconfig.Meter{}
	st, _ := openStore(t, srv, m, 0)
	srv.Fail(awsfake.Rule{Operation: "Query", Delay: slow})
	st.Fetch(t.Context(), []source.Ref{{Name: "a"}, {Name: "b"}})
	if diff := cmp.Diff(awsconfig.Connections{Opened: 4, Predialed: 2, Unused: 2}, m.Usage().Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

// client is the HTTP client of a configuration, with what it does besides
// requests.
type client interface {
	Predial(ctx context.Context, url string, n int)
	Do(req *http.Request) (*http.Response, error)
}

func predialer(t *testing.T, m *awsconfig.Meter) client {
	t.Helper()
	c, err := awsconfig.Load(t.Context(), awsconfig.Settings{Meter: m})
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.KMS.HTTPClient.(client)
	if !ok {
		t.Fatalf("a %T does not dial ahead", c.KMS.HTTPClient)
	}
	return p
}

// An address where nobody is, and a context that has ended, are no trouble;
// nor is a request that is made all the same.
func TestPredialNobodyThere(t *testing.T) {
	awsfake.SetEnv(t, "AWS_REGION=eu-west-1")
	m := &awsconfig.Meter{}
	p := predialer(t, m)
	url := closedPort(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Predial(ctx, url, 5) })
	for range 10 { // more than are being made
		if _, err := p.Do(get(t, url)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v", err)
		}
	}
	cancel()
	wg.Wait()
	p.Predial(ctx, url, 5)
	p.Predial(t.Context(), "://", 5)
	p.Predial(t.Context(), "", 5)
	if got := m.Usage().Connections.Opened; got != 0 {
		t.Errorf("%d connections, want none", got)
	}
}

// More are made where some lie ready, and those stay; what nobody asks for is
// closed at the end, and no byte is sent on it.
func TestPredialBesideIdle(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			srv := newCounted(t, scheme)
			m := &awsconfig.Meter{}
			p := predialer(t, m)
			srv.request(t, p)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { p.Predial(ctx, srv.URL, 4) })
			srv.wait(t, func() bool { return m.Usage().Connections.Opened == 4 && srv.open.Load() == 4 })
			for range 3 {
				srv.request(t, p) // each on the idle one
			}
			cancel()
			wg.Wait()
			srv.wait(t, func() bool { return srv.open.Load() == 1 })
			if got := srv.requests.Load(); got != 4 {
				t.Errorf("the server saw %d requests, want 4", got)
			}
			if diff := cmp.Diff(awsconfig.Connections{Opened: 4, Predialed: 3, Unused: 3}, m.Usage().Connections); diff != "" {
				t.Errorf("connections (-want +got):\n%s", diff)
			}
			if got := m.Usage().BytesReceived; got == 0 {
				t.Error("nothing was received")
			}
		})
	}
}

// A request that comes while connections are being made waits for one of them.
func TestPredialWaitedFor(t *testing.T) {
	srv := newCounted(t, "https")
	srv.hold()
	m := &awsconfig.Meter{}
	p := predialer(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Predial(ctx, srv.URL, 2) })
	srv.wait(t, func() bool { return m.Usage().Connections.Opened == 2 }) // no handshake yet
	done := make(chan struct{})
	go func() { defer close(done); srv.request(t, p) }()
	srv.release()
	<-done
	cancel()
	wg.Wait()
	if diff := cmp.Diff(awsconfig.Connections{Opened: 2, Predialed: 2, Unused: 1}, m.Usage().Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

// What was dialled in vain once is not dialled again while others are open.
func TestPredialEnough(t *testing.T) {
	srv := newCounted(t, "http")
	m := &awsconfig.Meter{}
	p := predialer(t, m)
	srv.request(t, p)
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { p.Predial(ctx, srv.URL, 4) })
		srv.wait(t, func() bool { return m.Usage().Connections.Opened == 4 })
		cancel()
		wg.Wait()
	}
	if got := m.Usage().Connections.Predialed; got != 3 {
		t.Errorf("%d connections were dialled ahead, want 3", got)
	}
}

// counted is a server that counts, and can hold handshakes up.
type counted struct {
	*httptest.Server
	requests, open atomic.Int64
	gate           sync.RWMutex
}

func newCounted(t *testing.T, scheme string) *counted {
	t.Helper()
	c := &counted{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.requests.Add(1) }))
	c.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			c.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			c.open.Add(-1)
		}
	}
	awsfake.SetEnv(t, "AWS_REGION=eu-west-1")
	if scheme == "http" {
		c.Start()
	} else {
		c.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c.gate.RLock()
			defer c.gate.RUnlock()
			return nil, nil
		}}
		c.StartTLS()
		bundle := filepath.Join(t.TempDir(), "ca.pem")
		writeFile(t, bundle, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})))
		t.Setenv("AWS_CA_BUNDLE", bundle)
	}
	t.Cleanup(c.Close)
	return c
}

func (c *counted) hold()    { c.gate.Lock() }
func (c *counted) release() { c.gate.Unlock() }

func (c *counted) request(t *testing.T, p client) {
	t.Helper()
	resp, err := p.Do(get(t, c.URL))
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// wait is for what goes on in other goroutines.
func (c *counted) wait(t *testing.T, until func() bool) {
	t.Helper()
	for !until() {
		select {
		case <-t.Context().Done():
			t.Fatal("it did not come to that")
		case <-time.After(time.Millisecond):
		}
	}
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
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
	u := m.Usage()
	if u.Retries != 0 || u.Connections.Opened != 4 || u.Connections.Unused != 0 {
		t.Errorf("got %+v, want no retries and connections made anew", u)
	}
}

// A body that is closed twice does not close what another request is using.
func TestBodyClosedTwice(t *testing.T) {
	var opened atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c, err := awsconfig.Load(t.Context(), awsconfig.Settings{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	client := c.AWS.HTTPClient.(wire.Exchanger)
	get := func() io.Closer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Exchange(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		return resp.Body
	}
	first := get()
	first.Close()
	second := get() // on the same connection
	first.Close()
	second.Close()
	get().Close()
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections were opened, want one", n)
	}
}

// A connection that the other end closed while it lay idle costs a request
// without a body nothing either.
func TestExchangeAfterClose(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	c, err := awsconfig.Load(t.Context(), awsconfig.Settings{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	client := c.AWS.HTTPClient.(wire.Exchanger)
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Exchange(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		srv.CloseClientConnections()
	}
}
