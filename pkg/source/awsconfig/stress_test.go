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
	"strings"
	"sync"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/credrender/credrender/test/hop"
)

// Whatever the other end does, and whoever gives up when, each request ends, and
// in the end nothing is left: no turn, no dial, no connection. A request that waits
// for ever is found by the time limit of the test.
func TestUnderStress(t *testing.T) {
	for _, oneShot := range []bool{true, false} {
		t.Run(fmt.Sprintf("one shot %t", oneShot), func(t *testing.T) {
			t.Parallel()
			tr, u := unreliable(t, oneShot)
			stress(t, tr, u)
			h := tr.host(u)
			left := func() bool {
				tr.kept.(*http.Transport).CloseIdleConnections()
				h.mu.Lock()
				defer h.mu.Unlock()
				return h.inFlight > 0 || h.open > 0 || h.ahead > 0
			}
			for left() {
				time.Sleep(time.Millisecond)
			}
			if n := turns(h); n != h.size {
				t.Errorf("%d turns are left of %d", n, h.size)
			}
		})
	}
}

// unreliable is a server that does what misbehave does, and a transport for it.
func unreliable(t *testing.T, oneShot bool) (*transport, *url.URL) {
	t.Helper()
	pattern := httptest.NewTLSServer(http.NotFoundHandler())
	pattern.Close()
	address := hop.Accept(t, func(c net.Conn) { misbehave(c, pattern.TLS) })
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = pattern.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	})
	return newTransport(client, Options{OneShot: oneShot}), &url.URL{Scheme: "https", Host: address}
}

// stress sends requests, with and without an end, and makes connections in
// advance.
func stress(t *testing.T, tr *transport, u *url.URL) {
	const clients, requests = 60, 15
	var wg sync.WaitGroup
	for i := range clients {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		wg.Go(func() {
			for range requests {
				once(t, tr, u, r)
			}
		})
	}
	for i := range 3 {
		r := rand.New(rand.NewPCG(2, uint64(i)))
		wg.Go(func() {
			for range 4 * requests {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(10))*time.Millisecond)
				tr.preconnect(ctx, u.String(), r.IntN(40))
				cancel()
			}
		})
	}
	wg.Wait()
}

func once(t *testing.T, tr *transport, u *url.URL, r *rand.Rand) {
	ctx := t.Context()
	if r.IntN(3) > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(30))*time.Millisecond)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), io.LimitReader(strings.NewReader("{}"), 2)) // no GetBody, as the SDK's
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := tr.Do(req)
	if err != nil {
		return
	}
	if r.IntN(4) > 0 {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	_ = resp.Body.Close()
}

// misbehave is a server's end of one connection: reset, closed or slow before
// the handshake, then answers some of which are broken, repeated, the last, or too
// long.
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
		answer, last := fmt.Sprintf("X-Amzn-Requestid: %d\r\nContent-Length: 2\r\n\r\n{}", rand.IntN(1000)), false
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
