package awsconfig

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// most is the limit of requests in flight to a host, and of its idle
// connections. DynamoDB and KMS speak HTTP/1.1: a request in flight is a
// connection.
const most = 256

// pilots is how many requests a one-shot run has in flight to a host before it
// knows how far away that is: more would keep the cores from seeing the answer.
const pilots = 8

// sizes are how many requests a one-shot run has in flight to a host, by the
// round trip to it: a handshake takes a millisecond of a core, so that in a
// region fewer connections are sooner done (docs/performance.md).
var sizes = [...]struct {
	rtt time.Duration // from here on, the first from 0 on
	n   int
}{{3 * time.Millisecond, 32}, {15 * time.Millisecond, 64}, {60 * time.Millisecond, 128}}

// host is what is known of one, by scheme and address.
type host struct {
	turns   *semaphore.Weighted // of most, those above size taken until it is known
	size    int
	large   atomic.Bool   // a batch of most requests or more was announced
	sized   chan struct{} // closed when size is final
	resize  sync.Once
	answers answers

	mu       sync.Mutex
	changed  *sync.Cond  // of mu: open has fallen, or inFlight, or ahead has risen
	inFlight int         // requests
	open     int         // connections, those being made too
	ahead    int         // of open, made in advance and not claimed
	made     chan dialed // in advance
}

type dialed struct {
	conn net.Conn
	err  error
}

// newHost makes a host with all turns, unless what is measured is to bound
// them.
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

// count keeps the numbers of requests in flight and of open connections.
func (h *host) count(requests, connections int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inFlight += requests
	h.open += connections
	h.changed.Broadcast()
}

// need waits until a request needs another connection. net/http asks for one
// where none is idle, also when one that is being made for somebody else will be:
// without the wait it would make half as many again. claimed: there is one in
// advance; else a new one is counted.
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

// errNotNeeded: whoever wanted the connection has had another. Nobody sees it.
var errNotNeeded = errors.New("the connection is not needed any more")

// take claims a connection in advance, if there is any.
func (h *host) take() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ahead == 0 {
		return false
	}
	h.ahead--
	return true
}

// measured sets the size, once: by the time from the first message on a
// connection (of a TLS handshake, or the CONNECT to a proxy) to its answer.
func (h *host) measured(rtt time.Duration) {
	h.resize.Do(func() {
		was := h.size
		h.size = sizes[0].n
		for _, s := range sizes {
			if rtt >= s.rtt {
				h.size = s.n
			}
		}
		if h.large.Load() { // a connection is used many times
			h.size = max(most/2, 2*h.size)
		}
		h.turns.Release(int64(h.size - was))
		close(h.sized)
	})
}
