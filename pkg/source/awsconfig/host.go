package awsconfig

import (
	"context"
	"crypto/tls"
	"slices"
	"time"
)

// patience is how long a request waits for no more connections than pay. A wave
// is over in less, unless the other end is slower than what is known of it.
const patience = time.Second

// host is what a pool knows of one place. Requests that find no idle connection
// wait in line, and a dial is begun for each that has none under way; but whose
// connection is ready first, or comes back, serves who waits first. All fields
// are under pool.mu.
type host struct {
	to      place
	idle    []*link        // the last used at the end
	waiting []chan arrival // each takes one
	ahead   int            // calls of Predial that go on
	enough  int            // the most that Predial was asked for
	open    int            // connections, not those being made
	lent    int            // of open, those that net/http has and keeps
	late    int            // of this line, those that have lost patience
	served  int            // requests that were answered
	settled bool           // a whole wave was: see rest
	dials   *dials         // being made; nil: none, or none that anybody wants
	reaper  *time.Timer    // closes what lies idle too long; nil: nothing does
	tls     *tls.Config    // nil before the first handshake
	// distance is the least time from a handshake's first message to its answer:
	// a round trip; 0: not known.
	distance time.Duration
	// took is the least time from a request to its answer; 0: not known.
	took time.Duration
}

// arrival is what a request has waited for.
type arrival struct {
	link *link
	err  error
}

// host returns what is known of a place; under p.mu.
func (p *pool) host(to place) *host {
	h := p.hosts[to]
	if h == nil {
		h = &host{to: to}
		p.hosts[to] = h
	}
	return h
}

// take returns the connection that was used last, or else the next that is
// made or comes back.
func (p *pool) take(ctx context.Context, to place) (*link, error) {
	p.mu.Lock()
	h := p.host(to)
	if l := h.freshest(); l != nil {
		p.mu.Unlock()
		return l, nil
	}
	w := make(chan arrival, 1)
	h.waiting = append(h.waiting, w)
	if h.dials.pending() < len(h.waiting) {
		p.dial(h, false)
	}
	p.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case a := <-w:
			return a.link, a.err
		case <-late.C:
			p.hasten(h, w)
		case <-ctx.Done():
			p.leave(h, w)
			return nil, ctx.Err()
		}
	}
}

// hasten has a connection made, whether it pays or not, for a request that has
// waited for long: those that there are may have been given to requests without an answer.
func (p *pool) hasten(h *host, w chan arrival) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(h.waiting, w) {
		h.late++
		p.replace(h)
	}
}

// leave is for a request that waits no longer.
func (p *pool) leave(h *host, w chan arrival) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(h.waiting, w); i >= 0 {
		h.waiting = slices.Delete(h.waiting, i, i+1)
		h.settle()
		return
	}
	if a := <-w; a.link != nil { // it arrived at the same moment
		p.give(h, a.link)
	}
}

// give hands a connection to who waits first, or keeps it; under p.mu.
func (p *pool) give(h *host, l *link) {
	if len(h.waiting) > 0 {
		h.next() <- arrival{link: l}
		h.settle()
		return
	}
	l.idle = time.Now()
	h.idle = append(h.idle, l)
	h.rest()
	if h.reaper == nil {
		h.reaper = time.AfterFunc(idleTimeout, func() { p.reap(h) })
	}
}

// rest sees where a wave ends: nothing is under way, and as many have been
// answered as were announced. Whoever comes now will probably come again, and
// connections that are not worth their handshakes for one wave are for many:
// from here on each request may have one, which is kept.
func (h *host) rest() {
	busy := h.open - h.lent - len(h.idle)
	h.settled = h.settled || len(h.waiting) == 0 && busy == 0 && h.served > 0 && h.served >= h.enough
}

// next takes the first out of the line.
func (h *host) next() chan arrival {
	w := h.waiting[0]
	h.waiting = slices.Delete(h.waiting, 0, 1)
	return w
}

// settle ends the dials that nobody wants any more, not even later.
func (h *host) settle() {
	if len(h.waiting) == 0 {
		h.late = 0
	}
	if len(h.waiting) == 0 && h.ahead == 0 && h.dials != nil && !h.settled {
		h.dials.cancel()
		h.dials = nil
	}
}

// freshest takes the idle connection that was used last, or nil. The others
// may be too old while this one is not.
func (h *host) freshest() *link {
	n := len(h.idle)
	if n == 0 || time.Since(h.idle[n-1].idle) > idleTimeout {
		return nil
	}
	l := h.idle[n-1]
	h.idle = slices.Delete(h.idle, n-1, n)
	return l
}

// reap closes the connections that have lain idle for too long, and comes back
// for the others.
func (p *pool) reap(h *host) {
	p.closeIdle(h, func(l *link) bool { return time.Since(l.idle) >= idleTimeout })
	p.mu.Lock()
	defer p.mu.Unlock()
	h.reaper = nil
	if h.open == h.lent { // as in the beginning
		h.served, h.settled = 0, false
	}
	if len(h.idle) > 0 {
		h.reaper = time.AfterFunc(idleTimeout-time.Since(h.idle[0].idle), func() { p.reap(h) })
	}
}

// closeIdle closes what lies idle and is to go.
func (p *pool) closeIdle(h *host, goes func(*link) bool) {
	p.mu.Lock()
	var gone []*link
	h.idle = slices.DeleteFunc(h.idle, func(l *link) bool {
		if !goes(l) {
			return false
		}
		gone = append(gone, l)
		return true
	})
	p.mu.Unlock()
	for _, l := range gone {
		_ = l.Close() // which takes the lock
	}
}
