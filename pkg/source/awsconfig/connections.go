package awsconfig

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// most is the limit of requests in flight to a host, and of its idle
// connections. DynamoDB and KMS speak HTTP/1.1: a request in flight is a
// connection.
const most = 256

// pilots is the limit of a one-shot run until the round-trip time (RTT) to the host
// is known. The handshakes of more connections would keep the cores so busy that the
// first answer is noticed late.
const pilots = 8

// sizes are the limits of a one-shot run by RTT. A TLS handshake takes a millisecond
// of a core, so within a region fewer connections are faster (docs/dev/performance.md).
var sizes = [...]struct {
	rtt time.Duration // from here on, the first from 0 on
	n   int
}{{3 * time.Millisecond, 32}, {15 * time.Millisecond, 64}, {60 * time.Millisecond, 128}}

// host is the state of one scheme and address.
type host struct {
	turns   *semaphore.Weighted // most in all, of which those above size are taken
	size    int
	large   atomic.Bool   // a batch of at least most requests was announced
	sized   chan struct{} // closed when size is final
	resize  sync.Once
	answers answers

	mu       sync.Mutex
	changed  *sync.Cond  // of mu: open or inFlight has fallen, or ahead has risen
	inFlight int         // requests
	open     int         // connections, including those being opened
	ahead    int         // of open: opened in advance and not claimed
	made     chan dialed // those opened in advance
}

type dialed struct {
	conn net.Conn
	err  error
}

// newHost returns a host with the limit most, or if bounded, with the limit pilots
// until the RTT is measured.
func newHost(bounded bool) *host {
	h := &host{turns: semaphore.NewWeighted(most), size: most, sized: make(chan struct{}), made: make(chan dialed, most)}
	h.changed = sync.NewCond(&h.mu)
	if !bounded {
		h.resize.Do(func() { close(h.sized) })
		return h
	}
	h.size = pilots
	h.turns.TryAcquire(int64(most - h.size))
	return h
}

// count adds to the numbers of requests in flight and of open connections.
func (h *host) count(requests, connections int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inFlight += requests
	h.open += connections
	h.changed.Broadcast()
}

// need waits until a request needs another connection. net/http dials whenever no
// connection is idle, even if one is about to be: without the wait it would open half
// as many again. If claimed, the caller takes a connection from made; otherwise it
// dials one, which need has counted.
func (h *host) need() (claimed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.ahead == 0 && 0 < h.inFlight && h.inFlight <= h.open {
		h.changed.Wait()
	}
	switch {
	case h.ahead > 0:
		h.ahead--
		return true, nil
	case h.inFlight == 0:
		return false, errNotNeeded
	}
	h.open++
	return false, nil
}

// errNotNeeded ends a dial whose request has been sent on another connection.
// net/http drops it.
var errNotNeeded = errors.New("the connection is not needed any more")

// take claims a connection that was opened in advance, if there is one.
func (h *host) take() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ahead == 0 {
		return false
	}
	h.ahead--
	return true
}

// measured sets the limit, once, by the time between the first message on a
// connection (of a TLS handshake, or the CONNECT to a proxy) and its answer.
func (h *host) measured(rtt time.Duration) {
	h.resize.Do(func() {
		was := h.size
		h.size = sizes[0].n
		for _, s := range sizes {
			if rtt >= s.rtt {
				h.size = s.n
			}
		}
		if h.large.Load() { // each connection is used many times
			h.size = max(most/2, 2*h.size)
		}
		h.turns.Release(int64(h.size - was))
		close(h.sized)
	})
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer returns the dial function for net/http, which calls it if none of its idle
// connections will do. It takes a connection that was opened in advance, or is being
// opened, and waits if one will be idle soon.
func (t *transport) dialer(scheme string) dialFunc {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		h, ok := ctx.Value(hostKey{}).(*host)
		if !ok { // a request that Options.Transport has made
			h = newHost(false)
			h.count(1, 0)
		}
		claimed, err := h.need()
		if err != nil {
			return nil, err
		}
		if claimed {
			d := <-h.made // a dial has its time limits
			return d.conn, d.err
		}
		return t.open(ctx, h, scheme, addr, false)
	}
}

// open dials and completes the TLS handshake of a connection that has been counted.
func (t *transport) open(ctx context.Context, h *host, scheme, addr string, ahead bool) (net.Conn, error) {
	raw, err := t.tcp(ctx, "tcp", addr)
	if err != nil {
		h.count(0, -1)
		return nil, err
	}
	t.meter.opened(ahead)
	c := &conn{Conn: raw, meter: t.meter, measured: h.measured, used: sync.OnceFunc(t.meter.used), closed: sync.OnceFunc(func() { h.count(0, -1) })}
	if scheme == "http" {
		return c, nil
	}
	cfg := t.tls.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(addr)
	}
	trusted := t.roots.pool()
	cfg.RootCAs = cmp.Or(cfg.RootCAs, trusted)
	secured := tls.Client(c, cfg)
	err = c.SetDeadline(time.Now().Add(t.tlsTimeout)) // its error is a net.Error, and not ctx's
	if err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = c.Close()
		if t.roots.extend(trusted, err) {
			h.count(0, 1)
			return t.open(ctx, h, scheme, addr, ahead)
		}
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}

// preconnect opens up to n connections to the host of rawURL, for requests that are
// about to be sent. When ctx ends, it closes those that no request has claimed. It
// reports no errors: the first request does.
func (t *transport) preconnect(ctx context.Context, rawURL string, n int) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return
	}
	if via, err := t.proxy(&http.Request{URL: u}); via != nil || err != nil {
		return // a connection through a proxy begins with a request
	}
	h := t.host(u)
	if n >= most {
		h.large.Store(true)
	}
	t.openInAdvance(ctx, h, u, n)
	<-ctx.Done()
	t.closeUnclaimed(h)
}

// openInAdvance starts opening pilots of n connections, and more once the RTT is known.
// While no answer arrives, the time passed is the least that the RTT can be.
func (t *transport) openInAdvance(ctx context.Context, h *host, to *url.URL, n int) {
	began := time.Now()
	t.begin(ctx, h, to, min(n, pilots))
	for _, s := range sizes {
		select {
		case <-h.sized:
			t.begin(ctx, h, to, min(n, h.size))
			return
		case <-time.After(time.Until(began.Add(s.rtt))):
			t.begin(ctx, h, to, min(n, s.n))
		case <-ctx.Done():
			return
		}
		if n <= s.n {
			return
		}
	}
}

// begin starts opening connections until n are open.
func (t *transport) begin(ctx context.Context, h *host, to *url.URL, n int) {
	addr := net.JoinHostPort(to.Hostname(), cmp.Or(to.Port(), map[string]string{"http": "80", "https": "443"}[to.Scheme]))
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.changed.Broadcast()
	for ; h.open < n; h.open++ {
		h.ahead++
		go func() {
			c, err := t.open(context.WithoutCancel(ctx), h, to.Scheme, addr, true)
			if err != nil && h.take() {
				return // unclaimed: the first request reports the error
			}
			h.made <- dialed{c, err}
		}()
	}
}

// closeUnclaimed closes the connections that no request has claimed, without waiting
// for their dials.
func (t *transport) closeUnclaimed(h *host) {
	for h.take() {
		go func() {
			if d := <-h.made; d.err == nil {
				_ = d.conn.Close()
			}
		}()
	}
}

// conn counts received bytes, measures the RTT, and reports its first use and its end.
type conn struct {
	net.Conn
	meter        *Meter
	sent         atomic.Int64 // time of the first message, in nanoseconds since 1970
	measured     func(rtt time.Duration)
	used, closed func() // once
}

// markUsed counts the first request on a connection.
func markUsed(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if c, ok := c.(*conn); ok {
		c.used()
	}
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	if c.sent.Load() == 0 {
		c.sent.Store(time.Now().UnixNano())
	}
	return c.Conn.Write(b)
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.meter.received(n)
	if sent := c.sent.Load(); n > 0 && sent > 0 {
		c.measured(time.Since(time.Unix(0, sent)))
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed()
	return c.Conn.Close()
}
