package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// GOGC and GOMEMLIMIT come first; else both are changed, and restored when the
// limit is too tight for what is in use.
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
	inUse := make([]byte, 2*softLimit)
	paceGC(func(string) (string, bool) { return "", false })
	if got := debug.SetMemoryLimit(-1); got != softLimit {
		t.Errorf("got a limit of %d, want %d", got, softLimit)
	}
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
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is %d, want the default", got)
	}
}
