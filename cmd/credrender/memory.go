package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// limits are soft memory limits in bytes, which apply one after the other. The first
// suffices for nearly every run, the second for some dozens of secrets of 100 KiB.
// Including memory that these limits do not count, 200 small secrets over TLS take
// 38 MiB, and 50 secrets of 100 KiB take 55 MiB (make bench-peers, make bench).
func limits() []int64 { return []int64{25 << 20, 40 << 20} }

// tight decides when a limit is replaced: when it leaves less than 1/tight of the live
// heap for allocation between two collections. Go's default leaves the whole live heap.
// Under a limit that was too tight, 500 secrets of 100 KiB took three times the CPU.
const tight = 3

// paceGC tunes the garbage collector for a short-lived process. By default it runs each
// time the heap doubles from 4 MiB on, which takes a third of the CPU of a render with 50
// secrets (20 ms). With paceGC it runs when memory nears a limit. A constant GOGC=400 takes
// as little CPU, but 14 to 18 MiB more memory at the peak (renders of 500 secrets of 100
// bytes and of 50 secrets of 100 KiB from a local store; getrusage, 20 runs each). GOGC and
// GOMEMLIMIT in the environment take precedence.
func paceGC(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v, ok := lookupEnv(name); ok && v != "" {
			return
		}
	}
	debug.SetGCPercent(400)
	applyLimits(limits())
}

// applyLimits sets the first limit, and the next one when it has become too tight. After
// the last it restores the defaults.
func applyLimits(limits []int64) {
	if len(limits) == 0 {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
		return
	}
	debug.SetMemoryLimit(limits[0])
	watch(limits)
}

// watch checks the limit after each collection, in the cleanup of an unreachable object.
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
		applyLimits(limits[1:])
	}, struct{}{})
}
