package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// softLimit is the memory, in bytes, up to which nothing is collected. Runs of
// 200 small secrets stay below it, and 50 secrets of 100 KiB stay below 64 MiB
// in all (docs/dev/measured.md).
const softLimit = 40 << 20

// tight is when the limit is given up: when it leaves less than 1/tight of what
// is in use to be allocated between two collections. Kept to, it made a run of 500
// secrets of 100 KiB take twice the CPU.
const tight = 3

// paceGC suits the collector to a process that ends in a moment. By default it
// runs at every doubling from 4 MiB on, which takes a third of the CPU of a run of
// 50 secrets. Now it first runs when memory nears softLimit. GOGC and GOMEMLIMIT
// come first.
func paceGC(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v, ok := lookupEnv(name); ok && v != "" {
			return
		}
	}
	debug.SetGCPercent(1000) // not off: a daemon keeps its collection every two minutes
	debug.SetMemoryLimit(softLimit)
	restoreWhenTight()
}

// restoreWhenTight restores the default once the limit has become too tight. It
// checks after each collection: the runtime then runs the cleanup of an object
// that nothing refers to.
func restoreWhenTight() {
	type garbage struct{ _ *int }
	runtime.AddCleanup(new(garbage), func(struct{}) {
		heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
		metrics.Read(heap)
		live, goal := heap[0].Value.Uint64(), heap[1].Value.Uint64()
		if goal > live+live/tight {
			restoreWhenTight()
			return
		}
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
	}, struct{}{})
}
