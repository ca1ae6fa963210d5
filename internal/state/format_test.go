package state_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/state"
)

// hashed is how state files name machines and identities.
func hashed(parts ...string) string {
	b, _ := json.Marshal(parts)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// writeOld puts a record of format 1 where job "a" has its state.
func writeOld(t *testing.T, o state.Options, identity, account string) {
	t.Helper()
	d := open(t, o)
	update(t, job(t, d, "a"), func(*state.Record) {})
	names, err := filepath.Glob(o.Dir + "/job-*")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	text, err := os.ReadFile("testdata/format1.json")
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer("IDENTITY", identity, "ACCOUNT", account).Replace(string(text)))
	if err := os.WriteFile(names[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// State that an older version wrote is read once, its pending hook is kept, and
// the next write makes it this format's. The first versions had the account in
// the identity.
func TestFormat1IsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		identity, account string
		foreign           bool
	}{
		"early":     {hashed("i-1", here.Account, here.Region, here.Table, here.Role, here.Store), "", false},
		"late":      {hashed("i-1", here.Region, here.Table, here.Role, here.Store), hashed("i-1", here.Account), false},
		"elsewhere": {hashed("i-1", "us-east-1", here.Table, here.Role, here.Store), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			writeOld(t, o, tc.identity, tc.account)
			jobs, err := open(t, o).Jobs()
			if err != nil || len(jobs) != 1 || jobs[0].Record().PendingHook == nil {
				t.Fatalf("got %v, %v", jobs, err)
			}
			j := job(t, open(t, o), "a")
			r := j.Record()
			if j.Foreign() != tc.foreign || (r.Trace == nil) != tc.foreign || j.DroppedHook() != nil {
				t.Errorf("foreign %v, dropped %v: %+v", j.Foreign(), j.DroppedHook(), r)
			}
			want := &state.PendingHook{Since: noon, Attempts: 2, Error: "exit status 1", Next: noon.Add(time.Minute), Dests: []string{"/etc/a"}}
			if diff := cmp.Diff(want, r.PendingHook); diff != "" {
				t.Errorf("pending hook (-want +got):\n%s", diff)
			}
			update(t, j, func(r *state.Record) { r.LastRun = noon })
			again := job(t, open(t, o), "a").Record()
			if again.Version != 3 || !again.MadeOn("i-1") || again.PendingHook == nil {
				t.Errorf("after a write: %+v", again)
			}
		})
	}
}

// What recovery writes by itself is of the new format too.
func TestFormat1IsReplacedByAnyWrite(t *testing.T) {
	o := options(t)
	writeOld(t, o, "x", "")
	jobs, err := open(t, o).Jobs()
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	update(t, jobs[0], func(r *state.Record) { r.LastRun = noon.Add(time.Hour) })
	if r := job(t, open(t, o), "a").Record(); r.Version != 3 || r.PendingHook == nil {
		t.Errorf("got %+v", r)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	o := options(t)
	writeOld(t, o, "x", "")
	names, _ := filepath.Glob(o.Dir + "/job-*")
	if err := os.WriteFile(names[0], []byte(`{"version": 7, "id": "a", "novelty": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, o).Job("a", "a", here)
	if !errors.Is(err, state.ErrNewer) || !strings.Contains(err.Error(), "format version 7, and this one reads up to 3") {
		t.Errorf("got %v", err)
	}
}

// A failure is logged when it begins, when it changes and every hour, and its row
// is counted.
func TestResultsInARow(t *testing.T) {
	var r state.Result
	var repeats []bool
	at := noon
	fail := func(after time.Duration, text string) {
		at = at.Add(after)
		var isRepeat bool
		r, isRepeat = state.Result{Code: 1, Error: text}.After(r, at)
		repeats = append(repeats, isRepeat)
	}
	fail(0, "timed out after 2.1s")
	fail(time.Minute, "timed out after 19s")
	fail(58*time.Minute, "timed out after 2s")
	fail(time.Minute, "timed out after 2s")
	fail(time.Minute, "timed out after 2s")
	fail(time.Minute, "refused")
	fail(-24*time.Hour, "refused")
	if diff := cmp.Diff([]bool{false, true, true, false, true, false, false}, repeats); diff != "" {
		t.Errorf("repeats (-want +got):\n%s", diff)
	}
	if r.Count != 7 || !r.Since.Equal(noon) {
		t.Errorf("got %+v", r)
	}
	if r, _ := (state.Result{}).After(r, at); r != (state.Result{}) {
		t.Errorf("after a success: %+v", r)
	}
}
