package awsconfig

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// serve answers each request on a connection with nothing, after a while.
func serve(c net.Conn, after time.Duration) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		time.Sleep(after)
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
			return
		}
	}
}

// The daemon's ticks are further apart than connections may lie idle: it goes on
// with a new one. A hang is found by the time limit of the test.
func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, dialled := dialling(func(int) (net.Conn, error) { return answering(), nil })
		exchange := func() {
			t.Helper()
			if err := send(t, t.Context(), p, table); err != nil {
				t.Fatal(err)
			}
		}
		exchange()
		exchange()
		if *dialled != 1 {
			t.Errorf("%d connections for two requests in a row, want 1", *dialled)
		}
		time.Sleep(idleTimeout + time.Second)
		exchange()
		if n := opened(p); *dialled != 2 || n != 1 {
			t.Errorf("%d connections, %d of them open; want the idle one replaced by another", *dialled, n)
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
