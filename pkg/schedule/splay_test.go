package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/schedule"
)

func TestSplay(t *testing.T) {
	const limit = 2 * time.Minute
	tenths := make([]int, 10)
	for i := range 1000 {
		d := schedule.Splay(fmt.Sprintf("i-%04x", i), limit)
		if d < 0 || d >= limit {
			t.Fatalf("host %d: %v is outside of 0 to %v", i, d, limit)
		}
		tenths[d*10/limit]++
	}
	for i, n := range tenths {
		if n < 70 || n > 130 {
			t.Errorf("tenth %d of the delay has %d of 1000 hosts, want about 100", i, n)
		}
	}
	if got, want := schedule.Splay("i-0123456789abcdef0", limit), 21565301657*time.Nanosecond; got != want {
		t.Errorf("got %v, want %v: a host's share is the same in every release", got, want)
	}
	for _, none := range []time.Duration{0, -time.Second} {
		if d := schedule.Splay("a", none); d != 0 {
			t.Errorf("limit %v: got %v, want 0", none, d)
		}
	}
}
