package main

import (
	"time"

	"github.com/credrender/credrender/test/bench/race"
)

// In a region AWS takes this long for an answer, the way there included: a table, then KMS and
// Parameter Store, which asks KMS itself.
const (
	inRegion        = 4 * time.Millisecond
	inRegionDecrypt = 8 * time.Millisecond
	inRegionConnect = time.Millisecond // two round trips of 0.5 ms
)

// raceWire is the fake of a race on that wire.
func raceWire(w race.Wire, size, names int) wire {
	fake := wire{TLS: w.TLS, RTT: w.RTT, Connect: 2 * w.RTT, Size: size, Names: names}
	if w.Region {
		fake.RTT, fake.Connect, fake.Decrypt = inRegion, inRegionConnect, inRegionDecrypt
	}
	return fake
}
