package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// limits on memory, in bytes, are soft, and kept to one after the other: the
// first does for nearly every run, the next for some dozens of secrets of 100 KiB.
// 200 small secrets over TLS take 38 MiB with what does not count here, 50 of
// 100 KiB take 55 MiB (make bench-peers, make bench).
func limits() []int64 { return []int64{25 << 20, 40 << 20} }

// tight is when a limit is given up: when it leaves less than 1/tight of what is
// in use to be allocated between two collections. The default leaves as much
// again. Within a limit that is too tight, 500 secrets of 100 KiB took three
// times the CPU.
const tight = 3

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
	keepTo(limits())
}

// keepTo sets the first limit, and the next when that has become too tight; after
// the last, the default.
func keepTo(limits []int64) {
	if len(limits) == 0 {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
		return
	}
	debug.SetMemoryLimit(limits[0])
	watch(limits)
}

// watch looks after each collection: the cleanup of what nobody holds runs then.
func watch(limits []int64) {
	type garbage struct{ _ *int }
	runtime.AddCleanup(new(garbage), func(struct{}) {
		heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
		metrics.Read(heap)
		live, goal := heap[0].Value.Uint64(), heap[1].Value.Uint64()
		if goal > live+live/tight {
			watch(limits)
			return
		}
		keepTo(limits[1:])
	}, struct{}{})
}
