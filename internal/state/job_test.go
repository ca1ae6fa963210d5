package state_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
)

var (
	errEnough = errors.New("enough")
	here      = state.Identity{Account: "1", Region: "eu-west-1", Table: "t", Role: "r"}
	noon      = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeoutCause(t.Context(), 60*time.Millisecond, errEnough)
}

func job(t *testing.T, d *state.Dir, id string) *state.Job {
	t.Helper()
	j, err := d.Job(id, id, here)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func update(t *testing.T, j *state.Job, change func(*state.Record)) {
	t.Helper()
	if err := j.Update(change); err != nil {
		t.Fatal(err)
	}
}

func inDoubt(phase txn.Phase) txn.Record {
	return txn.Record{Phase: phase, HookPending: phase != txn.Prepare, Files: []txn.FileRecord{{
		Dest: "/d/a", Path: "/d/a", New: ".a.credrender-0123456789abcdef.new", Old: ".a.credrender-0123456789abcdef.old",
	}}}
}

func TestRecordComesBack(t *testing.T) {
	o := options(t)
	d := open(t, o)
	id := "/etc/credrender.yaml#wéb/tls\x00"
	ctx, err := source.NewContext(map[string]string{"Env": "prod", "app.tier": "web"})
	if err != nil {
		t.Fatal(err)
	}
	j := job(t, d, id)
	update(t, j, func(r *state.Record) {
		r.AddPendingHook(noon, []string{"/b", "/a", "/b"})
		r.Files = map[string]state.File{"/a": {Print: d.Fingerprint([]byte("x")), Mode: 0o640, UID: 1, GID: 2}}
		r.Trace = []source.Known{{Ref: source.Ref{Name: "db", Context: ctx}, Trace: source.Trace{Version: "7", Mark: "m", Size: 9}}}
		r.Refused, r.LastRun, r.LastChange = "print", noon, noon.Add(-time.Hour)
		r.Result = state.Result{Code: 5, Error: "hook failed"}
	})
	want := j.Record()
	if want.PendingHook == nil || !want.HookPending() || !cmp.Equal(want.PendingHook.Dests, []string{"/a", "/b"}) {
		t.Errorf("pending hook: %+v", want.PendingHook)
	}
	known := cmp.Comparer(func(a, b source.Ref) bool { return a == b })
	if diff := cmp.Diff(want, job(t, open(t, o), id).Record(), known); diff != "" {
		t.Error(diff)
	}
	jobs, err := open(t, o).Jobs()
	if err != nil || len(jobs) != 1 {
		t.Fatalf("jobs: %v, %v", jobs, err)
	}
	if diff := cmp.Diff(want, jobs[0].Record(), known); diff != "" {
		t.Error(diff)
	}
	if err := j.Remove(); err != nil {
		t.Fatal(err)
	}
	if jobs, err := d.Jobs(); err != nil || jobs != nil {
		t.Errorf("removed: %v, %v", jobs, err)
	}
	if err := j.Remove(); err != nil {
		t.Errorf("removed twice: %v", err)
	}
}

func TestRecordIsACopy(t *testing.T) {
	j := job(t, open(t, options(t)), "a")
	update(t, j, func(r *state.Record) {
		r.AddPendingHook(noon, []string{"/a"})
		r.Files = map[string]state.File{"/a": {}}
		r.Txn = inDoubt(txn.Commit)
	})
	r := j.Record()
	r.PendingHook.Dests[0], r.Files["/b"], r.Txn.Files[0].Dest = "changed", state.File{}, "changed"
	r.PendingHook.Attempts = 9
	if got := j.Record(); got.PendingHook.Dests[0] != "/a" || got.PendingHook.Attempts != 0 || len(got.Files) != 1 || got.Txn.Files[0].Dest != "/d/a" {
		t.Errorf("got %+v", got)
	}
}

func TestNothingChangedNothingWritten(t *testing.T) {
	o := options(t)
	j := job(t, open(t, o), "a")
	update(t, j, func(r *state.Record) { r.LastRun = noon })
	names, err := filepath.Glob(o.Dir + "/job-*")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	before, err := os.Stat(names[0])
	if err != nil {
		t.Fatal(err)
	}
	update(t, j, func(r *state.Record) { r.LastRun = noon })
	after, err := os.Stat(names[0])
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("written again, %v", err)
	}
	if before.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", before.Mode())
	}
}

func TestForeignStateIsNotBelieved(t *testing.T) {
	elsewhere := func(change func(*state.Identity)) state.Identity {
		there := here
		change(&there)
		return there
	}
	for name, tt := range map[string]struct {
		machine string
		where   state.Identity
		foreign bool // nothing but the journal, the files and the pending hook is believed
		dropped bool // nor are those two
	}{
		"here":            {"i-1", here, false, false},
		"another machine": {"i-2", here, true, true},
		"another table":   {"i-1", elsewhere(func(i *state.Identity) { i.Table = "other" }), true, false},
		"another region":  {"i-1", elsewhere(func(i *state.Identity) { i.Region = "other" }), true, false},
		"another role":    {"i-1", elsewhere(func(i *state.Identity) { i.Role = "other" }), true, false},
		"another account": {"i-1", elsewhere(func(i *state.Identity) { i.Account = "other" }), true, false},
		"another store":   {"i-1", elsewhere(func(i *state.Identity) { i.Store = "other" }), true, false},
	} {
		for _, pending := range []string{"settled", "in a transaction"} {
			o := options(t)
			update(t, job(t, open(t, o), "a"), func(r *state.Record) {
				r.Txn = inDoubt(txn.Commit)
				if pending == "settled" {
					r.Txn.HookPending = false
					r.AddPendingHook(noon, []string{"/a"})
				}
				r.Refused, r.Inputs, r.LastSuccess = "x", "y", noon
				r.Trace, r.Files = []source.Known{{}}, map[string]state.File{"/a": {}}
			})
			o.Machine = tt.machine
			j, err := open(t, o).Job("a", "a", tt.where)
			if err != nil {
				t.Fatal(err)
			}
			r := j.Record()
			if j.Foreign() != tt.foreign || (r.Refused == "") != tt.foreign || (r.Trace == nil) != tt.foreign || (r.Inputs == "") != tt.foreign || r.LastSuccess.IsZero() != tt.foreign {
				t.Errorf("%s, %s: foreign %v: %+v", name, pending, j.Foreign(), r)
			}
			if (j.DroppedHook() != nil) != tt.dropped || r.HookPending() == tt.dropped || (r.Files == nil) != tt.dropped {
				t.Errorf("%s, %s: dropped %v: %+v", name, pending, j.DroppedHook(), r)
			}
			if r.Txn.Phase != txn.Commit || len(r.Txn.Files) != 1 {
				t.Errorf("%s: the journal is gone: %+v", name, r.Txn)
			}
			if err := j.Save(txn.Record{HookPending: r.Txn.HookPending}); err != nil {
				t.Fatal(err)
			}
			if j, err = open(t, o).Job("a", "a", tt.where); err != nil || j.Foreign() || j.DroppedHook() != nil {
				t.Errorf("%s: not settled by the first write: %v", name, err)
			}
			if r := j.Record(); r.HookPending() == tt.dropped || !r.MadeOn(tt.machine) {
				t.Errorf("%s: pending %v, made on %q", name, r.HookPending(), r.Machine)
			}
		}
	}
}

func TestForeignTransactionOwes(t *testing.T) {
	o := options(t)
	update(t, job(t, open(t, o), "a"), func(r *state.Record) { r.Txn = inDoubt(txn.Done) })
	o.Machine = "i-2"
	if j := job(t, open(t, o), "a"); j.DroppedHook() == nil {
		t.Error("the pending hook of a transaction is dropped silently")
	}
}

func TestJournal(t *testing.T) {
	o := options(t)
	j := job(t, open(t, o), "a")
	for _, r := range []txn.Record{inDoubt(txn.Prepare), inDoubt(txn.Commit), inDoubt(txn.Done)} {
		if err := j.Save(r); err != nil {
			t.Fatal(err)
		}
		got := job(t, open(t, o), "a").Record()
		if diff := cmp.Diff(r, got.Txn); diff != "" || got.HookPending() != r.HookPending {
			t.Error(diff, got.HookPending())
		}
		if err := job(t, open(t, o), "a").Save(inDoubt(txn.Prepare)); !errors.Is(err, state.ErrUnrecovered) {
			t.Errorf("the next transaction begins: %v", err)
		}
		if err := j.Remove(); !errors.Is(err, state.ErrUnrecovered) {
			t.Errorf("removed: %v", err)
		}
	}
	if err := j.Save(txn.Record{HookPending: true}); err != nil {
		t.Fatal(err)
	}
	r := job(t, open(t, o), "a").Record()
	if r.Txn.Phase != txn.Idle || r.PendingHook == nil || !cmp.Equal(r.PendingHook.Dests, []string{"/d/a"}) || !r.HookPending() {
		t.Errorf("got %+v", r)
	}
	// The next transaction does not forget it, whatever becomes of it.
	for _, next := range []txn.Record{inDoubt(txn.Prepare), {}} {
		if err := j.Save(next); err != nil {
			t.Fatal(err)
		}
		if r := j.Record(); !r.HookPending() {
			t.Error("an older pending hook is gone")
		}
	}
	update(t, j, (*state.Record).HookDone)
	if r := job(t, open(t, o), "a").Record(); r.HookPending() || r.PendingHook != nil {
		t.Errorf("paid: %+v", r)
	}
}

func TestPendingHook(t *testing.T) {
	var r state.Record
	waits := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60}
	now := noon
	for i, w := range waits {
		r.Txn = inDoubt(txn.Done)
		r.HookFailed(now, "exit status 1", "hook", []string{"/a"})
		d := r.PendingHook
		if r.Txn.Phase != txn.Idle || d.Attempts != i+1 || d.Error != "exit status 1" || !d.Since.Equal(noon) {
			t.Errorf("attempt %d: %+v", i+1, r)
		}
		due := now.Add(w * time.Minute)
		if !d.Next.Equal(due) || d.Due(due.Add(-1), "hook") || !d.Due(due, "hook") {
			t.Errorf("attempt %d: next %v, want %v", i+1, d.Next, due)
		}
		if !d.Due(now, "another hook") {
			t.Error("a changed hook waits")
		}
		now = due
	}
	if !r.PendingHook.Due(noon.Add(-24*time.Hour), "hook") {
		t.Error("a clock that was set back stops it")
	}
	r.HookFailed(now, "exit status 2", "another hook", []string{"/b"})
	if d := r.PendingHook; d.Attempts != 1 || d.Next != now.Add(time.Minute) || !cmp.Equal(d.Dests, []string{"/a", "/b"}) {
		t.Errorf("changed hook: %+v", d)
	}
	if d := (&state.PendingHook{}); !d.Due(noon, "hook") {
		t.Error("a pending hook found after a crash waits")
	}
}

func TestCorruptFilesAreNamed(t *testing.T) {
	o := options(t)
	d := open(t, o)
	update(t, job(t, d, "good"), func(r *state.Record) { r.LastRun = noon })
	update(t, job(t, d, "bad"), func(r *state.Record) { r.LastRun = noon })
	var bad string
	names, err := filepath.Glob(o.Dir + "/job-*")
	if err != nil {
		t.Fatal(err)
	}
	var good []byte
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), `"bad"`) {
			bad, good = n, data
		}
	}
	for name, edit := range map[string]func(string) string{
		"empty":         func(string) string { return "" },
		"half":          func(s string) string { return s[:len(s)/2] },
		"not json":      func(string) string { return "id: bad\n" },
		"more":          func(s string) string { return s + "{}" },
		"unknown key":   func(s string) string { return strings.Replace(s, `"name"`, `"nmae"`, 1) },
		"wrong kind":    func(s string) string { return strings.Replace(s, `"bad"`, `7`, 1) },
		"later version": func(s string) string { return strings.Replace(s, `"version": 3`, `"version": 4`, 1) },
		"another's":     func(s string) string { return strings.ReplaceAll(s, `"bad"`, `"other"`) },
		"journal": func(s string) string {
			return strings.Replace(s, `"last_run"`, `"txn": {"phase": "redo"}, "last_run"`, 1)
		},
	} {
		if err := os.WriteFile(bad, []byte(edit(string(good))), 0o600); err != nil {
			t.Fatal(err)
		}
		corrupt := (*state.CorruptError)(nil)
		if _, err := d.Job("bad", "bad", here); !errors.As(err, &corrupt) || corrupt.Path != bad {
			t.Errorf("%s: %v", name, err)
		}
		jobs, err := d.Jobs()
		if !errors.As(err, &corrupt) || len(jobs) != 1 || jobs[0].Record().ID != "good" {
			t.Errorf("%s: jobs %v, %v", name, jobs, err)
		}
		if _, err := os.Stat(bad); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is not a file that can be read is damaged too: it stops its own job alone.
func TestUnreadableFilesAreNamed(t *testing.T) {
	o := options(t)
	d := open(t, o)
	update(t, job(t, d, "bad"), func(r *state.Record) { r.LastRun = noon })
	names, err := filepath.Glob(o.Dir + "/job-*")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	update(t, job(t, d, "good"), func(r *state.Record) { r.LastRun = noon })
	for name, put := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("lock", path) },
		"too large": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 65<<20))
		},
	} {
		if err := errors.Join(os.Remove(names[0]), put(names[0])); err != nil {
			t.Fatal(err)
		}
		jobs, err := d.Jobs()
		damaged, rest := state.Damaged(err)
		if len(damaged) != 1 || damaged[0].Path != names[0] || rest != nil || len(jobs) != 1 {
			t.Errorf("%s: %v, damaged %v, rest %v", name, jobs, damaged, rest)
		} else if !damaged[0].Of("bad") || damaged[0].Of("good") {
			t.Errorf("%s: it is not known whose it is", name)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(`{"version":2,"id":"a","name":"a","identity":"x","txn":{"phase":"prepare"}}`)
	f.Add(`{"version":1,"id":"a","name":"a","identity":"x","txn":{"phase":"prepare"}}`)
	f.Fuzz(func(t *testing.T, content string) {
		o := options(t)
		d := open(t, o)
		update(t, job(t, d, "a"), func(r *state.Record) { r.LastRun = noon })
		names, err := filepath.Glob(o.Dir + "/job-*")
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		if err := os.WriteFile(names[0], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := d.Job("a", "a", here)
		corrupt := (*state.CorruptError)(nil)
		if err != nil {
			if !errors.As(err, &corrupt) {
				t.Errorf("got %v", err)
			}
			return
		}
		update(t, j, (*state.Record).HookDone)
		if r := job(t, open(t, o), "a").Record(); r.HookPending() {
			t.Errorf("got %+v", r)
		}
	})
}

// TestNoSecretInState runs a transaction and looks for its content in every
// file of the state and runtime directories.
func TestNoSecretInState(t *testing.T) {
	o := options(t)
	d := open(t, o)
	j := job(t, d, "a")
	dest := filepath.Dir(o.Dir) + "/dest"
	if err := os.WriteFile(dest, []byte("canary-old"), 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := txn.Disk{}.Prepare(t.Context(), j, []txn.File{{Dest: dest, Data: []byte("canary-new"), Mode: 0o600, UID: -1, GID: -1}})
	if err != nil {
		t.Fatal(err)
	}
	noCanary(t, o)
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	noCanary(t, o)
	if err := x.Done(); err != nil {
		t.Fatal(err)
	}
	noCanary(t, o)
}

func noCanary(t *testing.T, o state.Options) {
	t.Helper()
	files := 0
	for _, dir := range []string{o.Dir, o.Runtime} {
		names, err := filepath.Glob(dir + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			data, err := os.ReadFile(n)
			if err != nil || strings.Contains(string(data), "canary") {
				t.Errorf("%s: %v, %s", n, err, data)
			}
			files++
		}
	}
	if files < 2 {
		t.Errorf("looked at %d files only", files)
	}
}

// TestLockDiesWithItsHolder starts this test again as another process, which
// takes the lock and is killed.
func TestLockDiesWithItsHolder(t *testing.T) {
	if dir := os.Getenv("CREDRENDER_TEST_HOLD"); dir != "" {
		d := open(t, state.Options{Dir: dir})
		if _, err := d.Lock(t.Context(), 0, ""); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		select {}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := options(t)
	d := open(t, o)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestLockDiesWithItsHolder$", "-test.v")
	cmd.Env = append(os.Environ(), "CREDRENDER_TEST_HOLD="+o.Dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for buf, said := make([]byte, 256), ""; !strings.Contains(said, "held\n"); {
		n, err := out.Read(buf)
		if said += string(buf[:n]); err != nil {
			t.Fatalf("it ended: %v after %q", err, said)
		}
	}
	locked := (*state.LockedError)(nil)
	if _, err := d.Lock(t.Context(), 0, ""); !errors.As(err, &locked) || locked.PID != cmd.Process.Pid {
		t.Errorf("held by %d: %v", cmd.Process.Pid, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	l, err := d.Lock(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Release()
}
