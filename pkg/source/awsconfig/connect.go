package awsconfig

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer is for net/http, which dials where none of its idle connections will
// do. Where shared is set it takes a connection that was made in advance, or is
// being made, and waits where one will be idle soon.
func (t *transport) dialer(scheme string, shared bool) dialFunc {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		h, ok := ctx.Value(hostKey{}).(*host)
		switch {
		case !ok: // for a request that Options.Transport has made
			h = newHost(false)
		case shared:
			claimed, err := h.need()
			if err != nil {
				return nil, err
			}
			if claimed {
				d := <-h.made // a dial has its time limits
				return d.conn, d.err
			}
		default:
			h.count(0, 1)
		}
		return t.open(ctx, h, scheme, addr, false)
	}
}

// open makes a connection that is counted already, its TLS handshake included.
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
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}

// preconnect makes connections to the host of rawURL until n are open, for
// requests that are about to be sent, and closes at the end of ctx what none has
// claimed. What is wrong with an address shows at the first real request.
func (t *transport) preconnect(ctx context.Context, rawURL string, n int) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return
	}
	if via, err := t.proxy(&http.Request{URL: u}); via != nil || err != nil {
		return // connections to a proxy begin with a question to it
	}
	h := t.host(u)
	if n >= most {
		h.large.Store(true)
	}
	t.makeAhead(ctx, h, u, n)
	<-ctx.Done()
	t.drop(h)
}

// makeAhead begins a few of n connections, and more as soon as it is known how
// far away the host is: at the latest when it has not answered for so long.
func (t *transport) makeAhead(ctx context.Context, h *host, to *url.URL, n int) {
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

// begin makes what is missing of n connections.
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
				return // nobody has claimed it: the first request finds out by itself
			}
			h.made <- dialed{c, err}
		}()
	}
}

// drop closes what no request has claimed. It waits for no dial.
func (t *transport) drop(h *host) {
	for h.take() {
		go func() {
			if d := <-h.made; d.err == nil {
				_ = d.conn.Close()
			}
		}()
	}
}

// conn tells what arrives on it, how far away the other end is, and when it
// ends.
type conn struct {
	net.Conn
	meter        *Meter
	sent         atomic.Int64 // when the first message was, in nanoseconds since 1970
	answered     atomic.Bool
	measured     func(rtt time.Duration)
	used, closed func() // once
}

// used tells the meter of the first request on a connection.
func used(c net.Conn) {
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
	if n > 0 && !c.answered.Swap(true) {
		if sent := c.sent.Load(); sent > 0 {
			c.measured(time.Since(time.Unix(0, sent)))
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed()
	return c.Conn.Close()
}
