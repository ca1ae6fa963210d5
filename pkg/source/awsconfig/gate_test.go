package awsconfig

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Who is nearest to a connection comes first, and of those who are as near, who
// came first.
func TestGateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		g.enter(begun)
		var order []int
		for i, u := range []urgency{begunAhead, begun, answeredAhead, answered, begun} {
			go func() {
				g.enter(u)
				order = append(order, i)
				g.leave()
			}()
			synctest.Wait()
		}
		g.leave()
		synctest.Wait()
		if want := []int{3, 1, 4, 2, 0}; !slices.Equal(order, want) {
			t.Errorf("they came in in the order %v, want %v", order, want)
		}
		g.enter(begunAhead) // it is free again
	})
}

// Over TLS there are as many connections as make the least of handshakes and
// round trips together, and no limit while that is not known.
func TestMost(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name                 string
		waiting, busy, ahead int
		distance, took       time.Duration
		want                 int
	}{
		{"near", 200, 0, 0, 2 * ms, 0, 20},   // 20 ms of handshakes, then 10 times 2 ms
		{"far", 200, 0, 0, 100 * ms, 0, 142}, // 142 ms, then 1.4 times 100 ms
		{"near, but slow to answer", 200, 0, 0, 2 * ms, 8 * ms, 40},
		{"those under way count", 100, 100, 0, 2 * ms, 0, 20},    // as requests
		{"so does what is made ahead", 0, 0, 200, 2 * ms, 0, 20}, // for requests to come
		{"never very few", 200, 0, 0, ms / 1000, 0, fewest},
	} {
		p := &pool{gate: newGate(2), computed: 2 * ms} // a millisecond of two cores
		h := &host{waiting: make([]chan arrival, tt.waiting), open: tt.busy, enough: tt.ahead, distance: tt.distance, took: tt.took}
		if got := p.most(h); got != tt.want {
			t.Errorf("%s: at most %d connections, want %d", tt.name, got, tt.want)
		}
	}
	p := &pool{gate: newGate(2)}
	if got := p.most(&host{waiting: make([]chan arrival, 500)}); got < 500 {
		t.Errorf("at most %d connections before anything is known", got)
	}
}
