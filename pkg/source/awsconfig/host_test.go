package awsconfig

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// dialling returns a pool whose connections dial makes, by their number from 0.
// A nil one never comes to be.
func dialling(dial func(n int) (net.Conn, error)) (p *pool, dialled *int) {
	p, dialled = newPool(awshttp.NewBuildableClient(), nil), new(int)
	var mu sync.Mutex
	p.tcp = func(ctx context.Context, _, _ string) (net.Conn, error) {
		mu.Lock()
		n := *dialled
		*dialled++
		mu.Unlock()
		c, err := dial(n)
		if c == nil && err == nil {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return c, err
	}
	return p, dialled
}

// answering is a connection to a server that takes a second for each answer.
func answering() net.Conn {
	ours, theirs := net.Pipe()
	go serve(theirs, time.Second)
	return ours
}

const table = "http://table/"

func send(t *testing.T, ctx context.Context, p *pool, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.Exchange(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// together sends n requests at once.
func together(t *testing.T, p *pool, url string, n int) error {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = send(t, t.Context(), p, url) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// A connection that comes back serves who waits for one that never is made, and
// what nobody waits for any more is given up.
func TestFirstReadyServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, dialled := dialling(func(n int) (net.Conn, error) {
			if n > 0 {
				return nil, nil //nolint:nilnil // never comes to be
			}
			return answering(), nil
		})
		if err := together(t, p, table, 5); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := opened(p); *dialled != 5 || n != 1 {
			t.Errorf("%d dials, of which %d are open; want 5 and 1", *dialled, n)
		}
		time.Sleep(2 * idleTimeout)
	})
}

// A dial that fails is told to one request, and the others go on.
func TestDialFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		p, _ := dialling(func(n int) (net.Conn, error) {
			if n%2 == 0 {
				return nil, broken
			}
			return answering(), nil
		})
		err := together(t, p, table, 6)
		if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 3 || !errors.Is(err, broken) {
			t.Errorf("got %v, want three errors", err)
		}
		time.Sleep(2 * idleTimeout)
		if n := opened(p); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

// Over TLS, where a few connections are the most that are worth their
// handshakes, all requests have their turn on them: also where the other end
// closes each after its answer.
func TestFewConnections(t *testing.T) {
	for _, keep := range []bool{true, false} {
		var open, peak atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if n := open.Add(1); n > peak.Load() {
				peak.Store(n)
			}
			time.Sleep(time.Millisecond)
			open.Add(-1)
		}))
		srv.Config.SetKeepAlivesEnabled(keep)
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		defer srv.Close()
		p := newPool(awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		}), nil)
		p.gate = &gate{free: 1}       // of no cores, as far as the law goes: fewest will do
		p.computed, p.distance = 1, 1 // known
		if err := together(t, p, srv.URL, 10*fewest); err != nil {
			t.Errorf("keep %t: %v", keep, err)
		}
		if n := peak.Load(); n > fewest {
			t.Errorf("keep %t: %d requests at once, want at most %d", keep, n, fewest)
		}
	}
}

// Who gives up leaves nothing behind: no dial, no place in the line.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := dialling(func(int) (net.Conn, error) { return nil, nil }) //nolint:nilnil // never comes to be
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := send(t, ctx, p, table); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if h := p.hosts[place{"http", "table:80"}]; h.open != 0 || len(h.waiting) != 0 || h.dials != nil {
			t.Errorf("%d open, %d wait, dials %v", h.open, len(h.waiting), h.dials)
		}
	})
}
