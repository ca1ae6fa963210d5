package source

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstPause   = 8 * time.Millisecond
	longestPause = 512 * time.Millisecond
)

// Pause makes a writer that lost a race to another one wait for a random time, so that
// writers do not retry in step: up to 8 ms after the first try, whose number is 0, then
// up to twice as long each time, and at most 512 ms.
func Pause(ctx context.Context, try int) error {
	most := longestPause
	if try < 6 {
		most = firstPause << try
	}
	select {
	case <-time.After(rand.N(most)): //nolint:gosec // spreads load, guards nothing
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
