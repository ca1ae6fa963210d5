package awsconf

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// serve answers each request on a connection with nothing.
func serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
			return
		}
	}
}

// The daemon's ticks are further apart than connections may lie idle: it goes on
// with a new one. A hang is found by the
// time limit of the test.
func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled := 0
		p := newPool(awshttp.NewBuildableClient(), nil)
		p.tcp = func(context.Context, string, string) (net.Conn, error) {
			dialled++
			ours, theirs := net.Pipe()
			go serve(theirs)
			return ours, nil
		}
		exchange := func() {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://table/", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := p.Exchange(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		exchange()
		exchange()
		if dialled != 1 {
			t.Errorf("%d connections for two requests in a row, want 1", dialled)
		}
		time.Sleep(idleTimeout + time.Second)
		exchange()
		if n := opened(p); dialled != 2 || n != 1 {
			t.Errorf("%d connections, %d of them open; want the idle one replaced by another", dialled, n)
		}
		time.Sleep(idleTimeout + time.Second)
		if n := opened(p); n != 0 {
			t.Errorf("%d connections are open that nobody has used for long", n)
		}
	})
}

// opened is how many connections a pool has open.
func opened(p *pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hosts[place{"http", "table:80"}].open
}
