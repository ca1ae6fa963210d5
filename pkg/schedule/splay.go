package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Splay returns the delay of host, from 0 up to but not including limit. It
// returns the same delay at each call: with a fixed share, the load of a fleet has
// the same shape every time, and a host can be found by when it runs. Hosts are
// spread evenly. A limit of 0 or less gives 0.
func Splay(host string, limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(host))
	return time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(limit))
}
