package awsconfig

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// secure is a TLS server, and a pool with one core that trusts it. A handshake
// is known to compute for an hour, and an answer to take distance: where that is
// shorter, one connection is as many as pays.
func secure(t *testing.T, distance time.Duration, h http.HandlerFunc) (*pool, *host, string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	p := newPool(awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}), nil)
	p.gate = newGate(1)
	p.computed, p.distance = time.Hour, distance
	h0 := p.host(placeOf(&url.URL{Scheme: "https", Host: srv.Listener.Addr().String()}))
	h0.distance = distance
	return p, h0, srv.URL
}

// plenty is more than the connections that are made in any case.
const plenty = 20

func nothing(http.ResponseWriter, *http.Request) {}

// What was given up, and has not ended yet, is not counted as a connection that
// may come back: a request that came then would wait for it for ever.
func TestGivenUpDialsDoNotCount(t *testing.T) {
	p, h, url := secure(t, time.Microsecond, nothing)
	p.gate.enter(answered) // nobody gets further than to the gate, and fewest get there
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Predial(ctx, url, plenty) })
	queued := func(u urgency, n int) bool {
		p.gate.mu.Lock()
		defer p.gate.mu.Unlock()
		return len(p.gate.waiting[u]) == n
	}
	for !queued(begunAhead, fewest) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wg.Wait()
	done := make(chan error, 1)
	go func() { done <- send(t, t.Context(), p, url) }()
	for i := 0; i < 1000 && !queued(begun, 1); i++ {
		time.Sleep(time.Millisecond)
	}
	p.gate.leave()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		p.mu.Lock()
		defer p.mu.Unlock()
		t.Errorf("the request waits for ever: %d open, %d wait, dials %v", h.open, len(h.waiting), h.dials)
	}
}

// A connection that net/http has taken does not come back, so nobody waits for it.
func TestExchangeBesideDo(t *testing.T) {
	var arrived sync.WaitGroup
	arrived.Add(plenty)
	p, _, url := secure(t, time.Microsecond, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			arrived.Done()
			arrived.Wait()
		}
	})
	var wg sync.WaitGroup
	for range plenty {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := p.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := send(t, ctx, p, url); err != nil {
		t.Error(err)
	}
}

// The end of one Predial closes nothing that another still has use for.
func TestPredialBesidePredial(t *testing.T) {
	p, _, url := secure(t, 100*time.Hour, nothing)
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	idle := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.host(place{"https", url[len("https://"):]}).idle)
	}
	wg.Go(func() { p.Predial(ctx, url, 4) })
	for idle() < 4 {
		time.Sleep(time.Millisecond)
	}
	other, end := context.WithCancel(t.Context())
	end()
	p.Predial(other, url, 6)
	if n := idle(); n < 4 {
		t.Errorf("%d connections are left, want the 4 that the other still keeps", n)
	}
}

// A handshake has its time, and not anew for each byte that comes.
func TestHandshakeInDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := dialling(func(int) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			go func() {
				for _, b := range append([]byte{22, 3, 3, 64, 0}, make([]byte, 1<<14)...) {
					time.Sleep(tlsTimeout / 2)
					if _, err := theirs.Write([]byte{b}); err != nil {
						return
					}
				}
			}()
			return ours, nil
		})
		began := time.Now()
		if err := send(t, t.Context(), p, "https://table/"); !errors.Is(err, errHandshake) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != tlsTimeout {
			t.Errorf("it took %s, want %s", took, tlsTimeout)
		}
		time.Sleep(time.Minute)
	})
}

// A request that gets no answer holds up no other for as long as it is waited for.
func TestBesideNoAnswer(t *testing.T) {
	var first atomic.Int64
	var asked sync.WaitGroup
	asked.Add(plenty)
	end := make(chan struct{})
	p, _, url := secure(t, time.Microsecond, func(http.ResponseWriter, *http.Request) {
		if first.Add(1) <= plenty {
			asked.Done()
			<-end
		}
	})
	var wg sync.WaitGroup
	for range plenty {
		wg.Go(func() { _ = send(t, t.Context(), p, url) })
	}
	defer wg.Wait()
	defer close(end)
	asked.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), headerTimeout/2)
	defer cancel()
	if err := send(t, ctx, p, url); err != nil {
		t.Error(err)
	}
}

// One wave has as few connections as pay for it; from the next on each request
// may have its own, until all have lain idle for too long.
func TestLaterWavesHaveMore(t *testing.T) {
	p, h, url := secure(t, time.Microsecond, nothing)
	limit := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.most(h)
	}
	if n := limit(); n != fewest {
		t.Errorf("at most %d connections for the first wave, want %d", n, fewest)
	}
	if err := together(t, p, url, plenty); err != nil {
		t.Fatal(err)
	}
	if n := limit(); n < plenty {
		t.Errorf("at most %d connections for the second wave, want no limit", n)
	}
	p.closeIdle(h, func(*link) bool { return true })
	p.reap(h)
	if n := limit(); n != fewest {
		t.Errorf("at most %d connections after all have been closed, want %d", n, fewest)
	}
}
