package awsconfig

import (
	"net"
	"sync"
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
	sized   chan struct{} // closed when size is final
	resize  sync.Once
	answers answers

	// Connections, under transport.mu.
	open  int         // and being made
	ahead int         // of those, made in advance and not claimed
	made  chan dialed // in advance
}

type dialed struct {
	conn net.Conn
	err  error
}

// newHost makes a host with all turns, unless what is measured is to bound
// them.
func newHost(bounded bool) *host {
	h := &host{turns: semaphore.NewWeighted(most), size: most, sized: make(chan struct{}), made: make(chan dialed, most)}
	if !bounded {
		h.resize.Do(func() { close(h.sized) })
		return h
	}
	h.size = pilots
	h.turns.TryAcquire(int64(most - h.size))
	return h
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
		h.turns.Release(int64(h.size - was))
		close(h.sized)
	})
}
