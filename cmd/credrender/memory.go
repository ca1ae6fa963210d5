package main

import (
	"math"
	"runtime"
	"runtime/debug"
)

// softLimit is the memory, in bytes, below which nothing is collected. Runs of 200 small
// secrets stay below it. Runs of 50 secrets of 100 KiB need less than 64 MiB in all
// (docs/dev/measured.md).
const softLimit = 24 << 20

// tight decides when the limit is removed: when less than 1/tight of the live heap is
// allocated between two collections. Without that, a run of 500 secrets of
// 100 KiB took twice the CPU.
const tight = 3

// paceGC tunes the garbage collector for a short-lived process. By default it runs each
// time the heap doubles from 4 MiB on, which takes a third of the CPU of a run with 50
// secrets. With paceGC it first runs when memory nears softLimit. GOGC and GOMEMLIMIT in
// the environment take precedence.
func paceGC(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v, ok := lookupEnv(name); ok && v != "" {
			return
		}
	}
	debug.SetGCPercent(1000) // not off: a daemon keeps its collection every two minutes
	debug.SetMemoryLimit(softLimit)
	restoreWhenTight(0)
}

// restoreWhenTight restores the default once the limit has become too tight. It
// checks after each collection: the runtime then runs the cleanup of an object
// that nothing refers to. before is what had been allocated by the last one.
//
// Package runtime/metrics knows what is live, but describes all of its metrics at each
// start. So the check goes by what was allocated between two collections. The daemon's
// collection every two minutes finds little too, of a heap that is far from the limit.
func restoreWhenTight(before uint64) {
	type garbage struct{ _ *int }
	runtime.AddCleanup(new(garbage), func(before uint64) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if near := m.NextGC - m.NextGC/(tight+1); m.HeapAlloc < near || m.TotalAlloc-before > m.NextGC/(tight+1) {
			restoreWhenTight(m.TotalAlloc)
			return
		}
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
	}, before)
}
