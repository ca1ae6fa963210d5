package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// step is a soft limit on memory, kept to until more than live bytes are in use
// after a collection: from there on it would cost more CPU than it is worth.
type step struct{ limit, live int64 }

// steps are for nearly every run, and for some dozens of secrets of 100 KiB. 200
// small secrets over TLS take 39 MiB with what does not count here, 50 of
// 100 KiB take 55 MiB (make bench-peers, make bench). A larger run gets the
// default back: 500 secrets of 100 KiB took three times the CPU within a limit.
func steps() []step { return []step{{25 << 20, 12 << 20}, {40 << 20, 30 << 20}} }

// paceGC suits the collector to a process that ends in a moment. By default it
// runs at every doubling from 4 MiB on: for 50 secrets, which take 20 ms, that
// is a third of all CPU. So it waits until memory nears a limit. GOGC and
// GOMEMLIMIT come first.
func paceGC(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v, ok := lookupEnv(name); ok && v != "" {
			return
		}
	}
	debug.SetGCPercent(400)
	keepTo(steps())
}

// keepTo sets the first limit, and the next when that has become too tight.
func keepTo(s []step) {
	if len(s) == 0 {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
		return
	}
	debug.SetMemoryLimit(s[0].limit)
	watch(s)
}

// watch looks after each collection: the cleanup of what nobody holds runs then.
func watch(s []step) {
	type garbage struct{ _ *int }
	runtime.AddCleanup(new(garbage), func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() < uint64(s[0].live) {
			watch(s)
			return
		}
		keepTo(s[1:])
	}, struct{}{})
}
