package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// GOGC and GOMEMLIMIT in the environment take precedence.
func TestPaceGC(t *testing.T) {
	percent := debug.SetGCPercent(100)
	limit := debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		paceGC(func(n string) (string, bool) { return "50", n == name })
		if got := debug.SetGCPercent(100); got != 100 || debug.SetMemoryLimit(-1) != limit {
			t.Errorf("%s is set, and yet GOGC is %d now", name, got)
		}
	}
	paceGC(func(string) (string, bool) { return "", false })
	if got, want := debug.SetMemoryLimit(-1), limits()[0]; got != want {
		t.Errorf("got a limit of %d, want %d", got, want)
	}
}

// Limits that more is in use than they are for are given up, one after the
// other, and then there is none.
func TestLimitsGiveWay(t *testing.T) {
	percent := debug.SetGCPercent(400)
	limit := debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	inUse := make([]byte, 64<<20) // far more than what is allocated between two collections at least
	applyLimits([]int64{1, 2})
	for range 100 {
		if runtime.GC(); debug.SetMemoryLimit(-1) == math.MaxInt64 {
			break
		}
		time.Sleep(time.Millisecond) // the cleanups run after a collection
	}
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("the limit stays at %d", got)
	}
	runtime.KeepAlive(inUse)
	if got := debug.SetGCPercent(400); got != 100 {
		t.Errorf("GOGC is %d, want the default", got)
	}
}
