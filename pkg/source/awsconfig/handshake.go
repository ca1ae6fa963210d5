package awsconfig

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"time"
)

// errNotWanted: those that there are, and those that have begun, are enough.
// Nobody sees it.
var errNotWanted = errors.New("the connection is not needed any more")

// shake is a TLS handshake that goes on. It computes only between enter and
// leave of the gate.
type shake struct {
	*conn
	gate     *gate
	answered urgency
	since    time.Time     // when it last entered
	computed time.Duration // so far
	distance time.Duration // from the first message to its answer
	waited   time.Duration // for the other end, of tlsTimeout
}

func (p *pool) handshake(c *conn, h *host, d *dials, ahead bool) (net.Conn, error) {
	s := &shake{conn: c, gate: p.gate, answered: answered}
	start := begun
	if ahead {
		start, s.answered = begunAhead, answeredAhead
	}
	s.enter(start)
	defer s.leave()
	cfg, err := p.begin(h, d, ahead)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(d.ctx, func() { _ = c.Conn.Close() })
	c.wait = s.wait
	secured := tls.Client(c, cfg)
	err = secured.Handshake()
	c.wait = nil
	p.ended(h, d, s, err)
	if !stop() {
		return nil, d.ctx.Err()
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return nil, errHandshake
	}
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	return secured, err
}

func (s *shake) enter(u urgency) {
	s.gate.enter(u)
	s.since = time.Now()
}

func (s *shake) leave() {
	s.computed += time.Since(s.since)
	s.gate.leave()
}

// wait leaves the core to others while the other end is to answer.
func (s *shake) wait(read func()) {
	asked := s.since // or a moment later; too long makes for more connections, which is safe
	s.leave()
	defer s.enter(s.answered)
	began := time.Now()
	_ = s.SetReadDeadline(began.Add(tlsTimeout - s.waited))
	read()
	s.waited += time.Since(began)
	if s.distance == 0 {
		s.distance = time.Since(asked)
	}
}

// begin counts a handshake that is to begin, and returns what it is made with.
func (p *pool) begin(h *host, d *dials, ahead bool) (*tls.Config, error) {
	if !p.wanted(h, d, ahead, true) {
		return nil, errNotWanted
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d.handshakes++
	if h.tls == nil {
		h.tls = p.tls.Clone()
		if h.tls.ServerName == "" {
			h.tls.ServerName, _, _ = net.SplitHostPort(h.to.addr)
		}
	}
	return h.tls, nil
}

// ended counts a handshake that has, and remembers what it took.
func (p *pool) ended(h *host, d *dials, s *shake, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.handshakes--
	if err != nil {
		return
	}
	p.swiftest = least(p.swiftest, s.computed)
	p.computed = (3*cmp.Or(p.computed, s.computed) + min(s.computed, stall*p.swiftest)) / 4
	h.distance = least(h.distance, s.distance)
	p.distance = least(p.distance, s.distance)
}

// stall is how many times the swiftest handshake another may count for. Cores
// may be shared with others for long, but one that stood still tells nothing.
const stall = 4

// least is for what may take longer for many reasons, and shorter for none; 0 is
// not known.
func least(a, b time.Duration) time.Duration {
	if a == 0 || 0 < b && b < a {
		return b
	}
	return a
}

// wanted reports whether a dial is to go on: those that have begun may be enough
// for all that wait, and what is made ahead is not wanted once connections come
// back. Nor is either beyond [pool.most], of which before a dial has begun all
// others are taken, but for who has waited for long. A dial that is to end counts
// no longer.
func (p *pool) wanted(h *host, d *dials, ahead, connected bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	comesBack := len(h.idle) > 0 && h.idle[len(h.idle)-1].reused
	made := h.open - h.lent + d.all - 1
	if connected {
		made = h.open - h.lent + d.handshakes
	}
	yes := d.ctx.Err() == nil && (made < p.most(h) || d.handshakes < h.late) &&
		(d.handshakes < len(h.waiting) || ahead && h.ahead > 0 && !comesBack)
	if !yes {
		d.all--
	}
	return yes
}

// fewest connections are made however near the other end seems: what is
// measured in the first milliseconds of a process may be wrong.
const fewest = 16

// most is how many connections serve a wave of n requests soonest; under p.mu.
// With c of them, the cores are busy for c handshakes, and the requests take n/c
// times as long as one: the sum is least at the square root of n times what a
// request takes by what a handshake does. Before the first handshake is done
// there is no limit: the gate sees to it that it is done before many have begun.
func (p *pool) most(h *host) int {
	took := max(h.distance, h.took)
	if took == 0 {
		took = p.distance
	}
	if h.settled || took == 0 || p.computed == 0 {
		return math.MaxInt
	}
	busy := h.open - h.lent - len(h.idle)
	n := max(len(h.waiting)+busy, h.enough)
	return max(fewest, int(math.Ceil(math.Sqrt(float64(n)*float64(took)*float64(p.gate.cores)/float64(p.computed)))))
}

// errHandshake is retried, as every net.Error that is a timeout is.
var errHandshake net.Error = handshakeTimeout{}

type handshakeTimeout struct{}

func (handshakeTimeout) Error() string {
	return fmt.Sprintf("no answer to a TLS handshake within %s", tlsTimeout)
}
func (handshakeTimeout) Timeout() bool   { return true }
func (handshakeTimeout) Temporary() bool { return true }
