package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/state"
)

func openAs(t *testing.T, dir, machine string, readOnly bool) *state.Dir {
	t.Helper()
	d, err := state.Open(state.Options{Dir: dir, Machine: machine, ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestOutcomes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := map[string]state.Outcome{"c#a": {At: at, Code: 1, Error: "it could not be started"}}
	d := openAs(t, dir, "m", false)
	if err := d.SetOutcomes(want); err != nil {
		t.Fatal(err)
	}
	got, err := openAs(t, dir, "m", true).Outcomes()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := openAs(t, dir, "other", true).Outcomes(); len(got) != 0 || err != nil {
		t.Errorf("another machine's: %v, %v", got, err)
	}
	if err := openAs(t, dir, "m", true).SetOutcomes(want); !errors.Is(err, state.ErrNotWritable) {
		t.Errorf("a reader wrote: %v", err)
	}
	if err := d.SetOutcomes(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "daemon.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	for text, want := range map[string]string{"{": "unexpected end", `{"version":4}`: "newer credrender: format version 4, and this one reads up to 3", `{}`: "format version 0 is not 1 to 3"} {
		if err := os.WriteFile(filepath.Join(dir, "daemon.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := d.Outcomes()
		if damaged, rest := state.Damaged(err); len(damaged) != 1 || rest != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// What a daemon knows counts only where no later run recorded anything, and only
// if it is a failure.
func TestOutcomeOverRecord(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		outcome state.Outcome
		code    int
	}{
		"none":    {state.Outcome{}, 0},
		"later":   {state.Outcome{At: now.Add(time.Second), Code: 1}, 1},
		"earlier": {state.Outcome{At: now.Add(-time.Second), Code: 1}, 0},
		"well":    {state.Outcome{At: now.Add(time.Second)}, 0},
	} {
		if got := tc.outcome.Over(state.Record{LastRun: now}); got.Result.Code != tc.code {
			t.Errorf("%s: code %d, want %d", name, got.Result.Code, tc.code)
		}
	}
}

// A directory that a reader cannot open is told from one that is missing.
func TestReaders(t *testing.T) {
	top := t.TempDir()
	if d := openAs(t, filepath.Join(top, "missing"), "m", true); !d.Missing() || d.Writable() != nil {
		t.Error("a missing directory is not missing")
	}
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := state.Open(state.Options{Dir: dir, ReadOnly: true}); !errors.Is(err, state.ErrUnreadable) {
			t.Errorf("%s: got %v, want %v", dir, err, state.ErrUnreadable)
		}
	}
	if err := openAs(t, filepath.Join(top, "state"), "m", false).Writable(); err != nil {
		t.Error(err)
	}
}
