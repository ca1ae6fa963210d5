package awsconf

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
)

// spares are connections to one place that are made before anybody asks for
// them. Whoever does takes the next one, and waits for it where it is not ready
// yet: making another would be no faster.
type spares struct {
	made chan net.Conn // one for each that was begun; nil where that failed
	left int           // how many of them nobody has asked for; under pool.mu
	over bool          // nobody may ask any more; under pool.mu
}

// maxAhead bounds the connections that are made ahead at once. A TLS handshake
// takes half a millisecond of CPU, which those of the Queries need first; and
// of many requests the first are answered, and leave their connections to
// others, before the last are sent.
const maxAhead = 64

// Predial makes connections to the host of rawURL until n are open, maxAhead at
// most, and closes at the end of ctx what nobody has asked for; then it returns.
// Where that has been done for as many before, the fewer that were asked for are
// enough. What is wrong with an address shows at the first real request.
//
// net/http cannot be told to connect. But it asks its dial function for each
// connection, and that one has these ready.
func (p *pool) Predial(ctx context.Context, rawURL string, n int) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || p.proxied(u) {
		return
	}
	to := placeOf(u)
	s := p.begin(to, min(n, maxAhead))
	if s == nil {
		return
	}
	var wg sync.WaitGroup
	for range cap(s.made) {
		wg.Go(func() {
			c, _ := p.connect(ctx, to, true) // nil with an error
			s.made <- c
		})
	}
	<-ctx.Done()
	left := p.end(to, s)
	wg.Wait()
	for range left {
		if c := <-s.made; c != nil {
			_ = c.Close()
		}
	}
}

// begin says how many are to be made, or nil for none: also where somebody
// else is at it.
func (p *pool) begin(to place, n int) *spares {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := p.open[to.addr]
	if had > 0 {
		had = max(had, p.enough[to])
	}
	p.enough[to] = max(p.enough[to], n)
	n -= had
	if n <= 0 || p.spares[to] != nil {
		return nil
	}
	p.open[to.addr] += n
	s := &spares{made: make(chan net.Conn, n), left: n}
	p.spares[to] = s
	return s
}

// end takes the spares away and returns how many nobody has asked for.
func (p *pool) end(to place, s *spares) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.over = true
	delete(p.spares, to)
	return s.left
}

// spare returns a connection that was made ahead, or nil.
func (p *pool) spare(ctx context.Context, to place) net.Conn {
	p.mu.Lock()
	s := p.spares[to]
	if s == nil || s.left == 0 {
		p.mu.Unlock()
		return nil
	}
	s.left--
	p.mu.Unlock()
	select {
	case c := <-s.made:
		return c
	case <-ctx.Done():
		p.giveBack(s)
		return nil
	}
}

// giveBack leaves a spare to others, or where there are none any more, closes
// it: those that are still being made end with Predial's own context.
func (p *pool) giveBack(s *spares) {
	p.mu.Lock()
	if !s.over {
		s.left++
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if c := <-s.made; c != nil {
		_ = c.Close()
	}
}

// proxied reports whether requests to u go through a proxy, where connections
// lead to another address and begin with a question to the proxy: those are
// left to net/http.
func (p *pool) proxied(u *url.URL) bool {
	if p.proxy == nil {
		return false
	}
	via, err := p.proxy(&http.Request{URL: u})
	return via != nil || err != nil
}

// placeOf is what net/http dials for u.
func placeOf(u *url.URL) place {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return place{u.Scheme, net.JoinHostPort(u.Hostname(), port)}
}
