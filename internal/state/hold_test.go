package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/state"
)

func TestHolds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	short := state.Hold{Since: at, Until: at.Add(time.Hour), Reason: "deploy"}
	long := state.Hold{Since: at, Until: at.Add(3 * time.Hour), Reason: "incident \"42\""}
	d := openAs(t, dir, "m", false)
	for id, h := range map[string]state.Hold{"c#a": short, "c#b": long} {
		if err := d.SetHold(id, h); err != nil {
			t.Fatal(err)
		}
	}
	want := func(machine string, now time.Time, want map[string]state.Hold) {
		t.Helper()
		got, err := openAs(t, dir, machine, true).Holds(now)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	want("m", at, map[string]state.Hold{"c#a": short, "c#b": long})
	want("m", at.Add(-time.Hour), map[string]state.Hold{"c#a": short, "c#b": long})
	want("m", at.Add(time.Hour), map[string]state.Hold{"c#b": long})
	want("other", at, map[string]state.Hold{})
	if err := d.EndHold("c#b"); err != nil {
		t.Fatal(err)
	}
	if err := d.EndHold("c#b"); err != nil {
		t.Errorf("a hold that has ended: %v", err)
	}
	want("m", at, map[string]state.Hold{"c#a": short})
	if err := openAs(t, dir, "m", true).SetHold("c#a", long); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("a reader wrote: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hold-x.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := d.Holds(at)
	if _, corrupt := errors.AsType[*state.CorruptError](err); !corrupt || len(got) != 1 {
		t.Errorf("a damaged file: got %v, %v", got, err)
	}
}
