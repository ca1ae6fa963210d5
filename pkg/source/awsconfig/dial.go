package awsconfig

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"github.com/credrender/credrender/pkg/internal/deep"
)

// dials are the connections to a host that are being made. They go on as long
// as anybody wants one, whoever asked first. Counts are under pool.mu.
type dials struct {
	ctx        context.Context
	cancel     context.CancelFunc
	all        int
	handshakes int // of all, those that have begun
}

// pending is how many there are.
func (d *dials) pending() int {
	if d == nil {
		return 0
	}
	return d.all
}

// dial begins to make a connection; under p.mu. Its goroutine ends with the
// connection, or soon after nobody wants it.
func (p *pool) dial(h *host, ahead bool) {
	if h.dials == nil {
		h.dials = &dials{}
		h.dials.ctx, h.dials.cancel = context.WithCancel(context.Background())
	}
	d := h.dials
	d.all++
	go deep.Call(func() {
		l, err := p.connect(h, d, ahead)
		if !p.placed(h, d, l, err) {
			_ = l.Close()
		}
	})
}

// connect makes a connection, its TLS handshake included.
func (p *pool) connect(h *host, d *dials, ahead bool) (*link, error) {
	secure := h.to.scheme == "https"
	if secure && !p.wanted(h, d, ahead, false) {
		return nil, errNotWanted
	}
	raw, err := p.tcp(d.ctx, "tcp", h.to.addr)
	if err != nil {
		return nil, err
	}
	p.meter.opened(ahead)
	base := &conn{Conn: raw, meter: p.meter, used: sync.OnceFunc(p.meter.used)}
	base.closed = sync.OnceFunc(func() { p.gone(h, base) })
	var c net.Conn = base
	if secure {
		if c, err = p.handshake(base, h, d, ahead); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	return &link{Conn: c, base: base, pool: p, host: h}, nil
}

// placed gives a connection to who waits first, or keeps it; false: nobody
// wants it any more. An error is for who waits first, unless there is another
// dial for that one.
func (p *pool) placed(h *host, d *dials, l *link, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !errors.Is(err, errNotWanted) {
		d.all--
	}
	wanted := h.dials == d || len(h.waiting) > 0
	if err != nil {
		p.failed(h, d, err)
	} else {
		h.open++ // until it is closed
	}
	if err == nil && wanted {
		p.give(h, l)
	}
	if h.dials == d && d.all == 0 {
		d.cancel()
		h.dials = nil
	}
	return wanted || err != nil
}

// failed tells who waits first of a dial's error, unless there is another dial
// for that one; under p.mu. There may have been fewer dials than requests wait:
// then another is begun.
func (p *pool) failed(h *host, d *dials, err error) {
	if errors.Is(err, errNotWanted) || h.dials != d || d.all >= len(h.waiting) {
		return
	}
	h.next() <- arrival{err: err}
	h.settle()
	p.replace(h)
}

// gone is for each connection that is closed.
func (p *pool) gone(h *host, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.open--
	if c.lent {
		h.lent--
	}
	p.replace(h)
}

// lend is for a connection that does not come back before it is closed: nobody
// is to wait for it.
func (p *pool) lend(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.base.lent = true
	l.host.lent++
	p.replace(l.host)
}

// replace begins another dial where a request may have waited for the
// connection that is no more; under p.mu.
func (p *pool) replace(h *host) {
	if h.dials.pending() < len(h.waiting) {
		p.dial(h, false)
	}
}

// conn tells its pool what arrives on it, and when it ends.
type conn struct {
	net.Conn
	meter  *Meter
	used   func()            // a request is sent on it
	wait   func(read func()) // during a handshake: around what blocks
	closed func()
	lent   bool // to net/http; under pool.mu
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

// Read implements net.Conn.
func (c *conn) Read(b []byte) (n int, err error) {
	if c.wait != nil {
		c.wait(func() { n, err = c.Conn.Read(b) })
	} else {
		n, err = c.Conn.Read(b)
	}
	c.meter.received(n)
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed()
	return c.Conn.Close()
}
