package awsconfig

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Whatever the other end does, and whoever gives up when, each request ends, and
// in the end nothing is left: no place in a line, no dial, no core held. A
// request that waits for ever is found by the time limit of the test.
func TestUnderStress(t *testing.T) {
	for _, cores := range []int{1, 512} {
		for _, known := range []time.Duration{0, time.Microsecond, time.Second} {
			t.Run(fmt.Sprintf("%d cores, %s", cores, known), func(t *testing.T) {
				t.Parallel()
				p, h, u := unreliable(t, cores, known)
				stress(t, p, u)
				p.closeIdle(h, func(*link) bool { return true })
				for !settled(p, h, cores) {
					time.Sleep(time.Millisecond)
				}
			})
		}
	}
}

func settled(p *pool, h *host, cores int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	return h.open == h.lent && len(h.waiting) == 0 && h.dials == nil && h.ahead == 0 && p.gate.free == cores
}

// unreliable is a server that does what misbehave does, and a pool for it, which
// knows how far away it is, or not.
func unreliable(t *testing.T, cores int, known time.Duration) (*pool, *host, string) {
	t.Helper()
	pattern := httptest.NewTLSServer(http.NotFoundHandler())
	pattern.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go misbehave(c, pattern.TLS)
		}
	}()
	p := newPool(awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = pattern.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}), nil)
	p.gate = newGate(cores)
	h := p.host(place{"https", l.Addr().String()})
	if known > 0 {
		p.computed, p.swiftest, p.distance, h.distance = time.Millisecond, time.Millisecond, known, known
	}
	return p, h, (&url.URL{Scheme: "https", Host: l.Addr().String()}).String()
}

// stress sends by both ways, with and without an end, and makes connections ahead.
func stress(t *testing.T, p *pool, u string) {
	const clients, requests = 30, 15
	var wg sync.WaitGroup
	for i := range clients {
		r := rand.New(rand.NewPCG(1, uint64(i))) //nolint:gosec // dice
		wg.Go(func() {
			for range requests {
				once(t, p, u, r)
			}
		})
	}
	for i := range 3 {
		r := rand.New(rand.NewPCG(2, uint64(i))) //nolint:gosec // dice
		wg.Go(func() {
			for range 4 * requests {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(10))*time.Millisecond)
				p.Predial(ctx, u, r.IntN(40))
				cancel()
			}
		})
	}
	wg.Wait()
}

func once(t *testing.T, p *pool, u string, r *rand.Rand) {
	ctx := t.Context()
	if r.IntN(3) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(30))*time.Millisecond)
		defer cancel()
	}
	if r.IntN(8) > 0 {
		_ = send(t, ctx, p, u)
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if resp, err := p.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// misbehave is a server's end of one connection: reset, closed or slow before
// the handshake, then answers some of which are broken, the last, or too long.
func misbehave(c net.Conn, cfg *tls.Config) {
	defer c.Close()
	switch rand.IntN(14) {
	case 0:
		_ = c.(*net.TCPConn).SetLinger(0)
		return
	case 1:
		return
	case 2:
		time.Sleep(20 * time.Millisecond)
	}
	s := tls.Server(c, cfg)
	for in := bufio.NewReader(s); ; {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		answer, last := "Content-Length: 2\r\n\r\n{}", false
		switch rand.IntN(20) {
		case 0:
			return
		case 1:
			answer, last = "Content-Length: 2\r\n\r\n{", true
		case 2:
			answer, last = "Connection: close\r\n\r\n{}", true
		case 3:
			last = true
		case 4:
			answer += "x"
		case 5:
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := io.WriteString(s, "HTTP/1.1 200 OK\r\n"+answer); err != nil || last {
			return
		}
	}
}
