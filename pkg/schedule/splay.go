// Package schedule decides when a host does something.
//
// [Splay] gives each host its own fixed share of a delay, so that a fleet with
// one crontab does not ask AWS in one second.
package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Splay returns the delay of host, from 0 up to but not including limit, the
// same at each call: a fixed share keeps the load of a fleet recognisable, as
// a random one would not. Hosts are spread evenly. A limit that is not
// positive gives 0.
func Splay(host string, limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(host))
	return time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(limit))
}
