package awsconfig

import (
	"context"
	"net/http"
	"net/url"
)

// maxAhead bounds the connections that are made ahead at once: as many as
// survive from one wave to the next.
const maxAhead = idlePerHost

// Predial makes connections to the host of rawURL until n are open, maxAhead at
// most, and closes at the end of ctx what nobody has asked for, unless another
// call goes on that may have use for it; then it returns.
// Where that has been done for as many before, the fewer that were asked for are
// enough. What is wrong with an address shows at the first real request.
func (p *pool) Predial(ctx context.Context, rawURL string, n int) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || p.tcp == nil || p.proxied(&http.Request{URL: u}) {
		return
	}
	h := p.makeAhead(placeOf(u), min(n, maxAhead))
	if h == nil {
		return
	}
	<-ctx.Done()
	p.mu.Lock()
	h.ahead--
	h.settle()
	p.mu.Unlock()
	p.closeIdle(h, func(l *link) bool { return h.ahead == 0 && !l.reused })
}

// makeAhead begins what is missing of n connections; nil: nothing is.
func (p *pool) makeAhead(to place, n int) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.host(to)
	had := h.open + h.dials.pending()
	if had > 0 {
		had = max(had, h.enough)
	}
	h.enough = max(h.enough, n)
	if n <= had {
		return nil
	}
	h.ahead++
	for range n - had {
		p.dial(h, true)
	}
	return h
}
