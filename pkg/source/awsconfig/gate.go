package awsconfig

import "sync"

// urgency orders those who wait at a gate. A handshake that the other end has
// answered is nearer to a connection than one that has yet to begin, and what a
// request waits for comes before what is made ahead of any.
type urgency int

const (
	answered urgency = iota
	begun
	answeredAhead
	begunAhead
	urgencies
)

// gate lets as many handshakes compute at once as there are cores, in order.
// Without it hundreds share the cores and all end late; with it the first
// connections are there, and may come back from their first request, while the
// last handshakes have not begun, which then need not. So the farther away the
// other end is, the more connections a wave has.
type gate struct {
	cores   int
	mu      sync.Mutex
	free    int
	waiting [urgencies][]chan struct{}
}

func newGate(cores int) *gate { return &gate{cores: cores, free: cores} }

// enter waits for a core. Nobody holds one while waiting for the other end, so
// it takes as long as the computing of those before.
func (g *gate) enter(u urgency) {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	g.waiting[u] = append(g.waiting[u], turn)
	g.mu.Unlock()
	<-turn
}

// leave gives the core to who is next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for u, w := range g.waiting {
		if len(w) > 0 {
			close(w[0])
			g.waiting[u] = w[1:]
			return
		}
	}
	g.free++
}
