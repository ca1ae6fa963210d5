package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// Who sets GOGC or GOMEMLIMIT knows better; else both are changed.
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
	keepTo([]int64{1, 2})
	for debug.SetMemoryLimit(-1) != math.MaxInt64 {
		if t.Context().Err() != nil {
			t.Fatal("the limit stays")
		}
		runtime.GC() // after which the cleanups run
	}
	if got := debug.SetGCPercent(400); got != 100 {
		t.Errorf("GOGC is %d, want the default", got)
	}
}
