package main

import (
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
	if got := debug.SetMemoryLimit(-1); got != smallRun {
		t.Errorf("got a limit of %d, want %d", got, smallRun)
	}
}
