package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// smallRun is the memory, in bytes, within which nearly every run stays:
	// 50 secrets of 100 KiB take 52 MiB with what does not count here.
	smallRun = 40 << 20
	// largeHeap is how much of that may be in use, in bytes, before keeping to
	// it would cost more CPU than it is worth.
	largeHeap = smallRun * 3 / 4
)

// paceGC suits the collector to a process that ends in a moment. By default it
// runs at every doubling from 4 MiB on: for 50 secrets, which take 20 ms, that
// is a third of all CPU. So it waits until memory nears smallRun. A run that
// needs more than that gets the default back, or it would do little else than
// collect: 500 secrets of 100 KiB took three times the CPU. GOGC and GOMEMLIMIT
// come first.
func paceGC(lookupEnv func(string) (string, bool)) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v, ok := lookupEnv(name); ok && v != "" {
			return
		}
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(smallRun)
	relaxWhenLarge()
}

// relaxWhenLarge looks after each collection: the cleanup of what nobody holds
// runs then.
func relaxWhenLarge() {
	type garbage struct{ _ *int }
	runtime.AddCleanup(new(garbage), func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() < largeHeap {
			relaxWhenLarge()
			return
		}
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
	}, struct{}{})
}
