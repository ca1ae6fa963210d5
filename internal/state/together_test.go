package state_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/test/fsystest"
)

// simulated opens a state directory on a simulated disk; before is called ahead of each
// operation.
func simulated(t *testing.T, s *fsystest.Sim, before func(fsystest.Op) error) *state.Dir {
	t.Helper()
	return open(t, state.Options{Dir: "/s", FS: &fsystest.Hook{FS: s, Before: before}})
}

// TestTogetherSyncsTheDirectoryOnce: what is written together survives a power cut, with one
// sync of the directory for all.
func TestTogetherSyncsTheDirectoryOnce(t *testing.T) {
	s, syncs := fsystest.NewSim("/s"), map[string]int{}
	d := simulated(t, s, func(op fsystest.Op) error {
		if op.Name == "sync" {
			syncs[op.File]++
		}
		return nil
	})
	a, b := job(t, d, "a"), job(t, d, "b")
	clear(syncs)
	err := d.Together(func() {
		for _, j := range []*state.Job{a, b} {
			update(t, j, func(r *state.Record) { r.LastRun = noon })
		}
	})
	if err != nil || syncs["s"] != 1 || len(syncs) != 3 {
		t.Errorf("syncs: %v, %v", syncs, err)
	}
	for c := range s.Crashes() {
		jobs, err := simulated(t, c, func(fsystest.Op) error { return nil }).Jobs()
		if err != nil || len(jobs) != 2 {
			t.Fatalf("after a power cut: %d jobs, %v", len(jobs), err)
		}
	}
	update(t, a, func(r *state.Record) { r.LastRun = noon.AddDate(0, 0, 1) })
	if syncs["s"] != 2 {
		t.Errorf("a write after it: %v", syncs)
	}
}

// TestTogetherFails: the sync of the directory can fail, and is not made for nothing.
func TestTogetherFails(t *testing.T) {
	full := false
	d := simulated(t, fsystest.NewSim("/s"), func(op fsystest.Op) error {
		if full && op.Name == "sync" && op.File == "s" {
			return unix.EIO
		}
		return nil
	})
	j := job(t, d, "a")
	full = true
	if err := d.Together(func() {}); err != nil {
		t.Errorf("without a write: %v", err)
	}
	err := d.Together(func() { update(t, j, func(r *state.Record) { r.LastRun = noon }) })
	if !errors.Is(err, unix.EIO) {
		t.Errorf("got %v", err)
	}
}
