package txn_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/test/fsystest"
)

// crashed leaves dir as a crash after the renames does, and returns the journal.
func crashed(t *testing.T, dir string) *recorder {
	t.Helper()
	write(t, dir+"/a", "old a", 0o644)
	write(t, dir+"/p", "old p", 0o644)
	if err := os.Mkdir(dir+"/y", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/y/d", "old d", 0o644)
	inPlace, deep := file(dir+"/p", "new p"), file(dir+"/x/c", "new c")
	inPlace.InPlace, deep.CreateDirs = true, true
	j := newRecorder()
	x := mustPrepare(t, j, file(dir+"/a", "new a"), file(dir+"/b", "new b"), inPlace, deep, file(dir+"/y/d", "new d"))
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return j
}

var crashedOld = map[string]string{"a": "-rw-r--r-- old a", "p": "-rw-r--r-- old p", "y": "dir", "y/d": "-rw-r--r-- old d"}

func TestRecoverRestores(t *testing.T) {
	for _, keyLost := range []bool{false, true} {
		dir := folder(t)
		j := crashed(t, dir)
		if keyLost {
			j.Journal = keyless{}
		}
		rec := j.last
		for range 2 { // as when the journal could not be written the first time
			got, err := txn.Disk{}.Recover(t.Context(), rec, j)
			if err != nil {
				t.Fatal(err)
			}
			if got.Phase != txn.Commit || !got.HookPending || got.Left != nil {
				t.Errorf("got %+v", got)
			}
			equal(t, look(t, dir), crashedOld)
			if j.last.Phase != txn.Idle || !j.last.HookPending {
				t.Errorf("journal %+v", j.last)
			}
		}
	}
}

// keyless is a journal whose fingerprints were made under a key that is gone.
type keyless struct{}

func (keyless) Save(txn.Record) error               { return nil }
func (keyless) Fingerprint([]byte) string           { return "other" }
func (keyless) Matches(string, []byte) (bool, bool) { return false, false }

// change is what somebody does to the files between a crash and the recovery.
type change struct {
	do      func(t *testing.T, dir string)
	keyLost bool
	left    []string
	want    map[string]string // in place of crashedOld
}

func (c change) run(t *testing.T) {
	dir := folder(t)
	j := crashed(t, dir)
	if c.keyLost {
		j.Journal = keyless{}
	}
	c.do(t, dir)
	got, err := txn.Disk{}.Recover(t.Context(), j.last, j)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, l := range got.Left {
		left = append(left, strings.TrimPrefix(l.Dest, dir+"/")+": "+l.Why)
	}
	if diff := cmp.Diff(c.left, left); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{}
	for _, m := range []map[string]string{crashedOld, c.want} {
		maps.Copy(want, m)
	}
	maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
	equal(t, look(t, dir), want)
	if j.last.Phase != txn.Idle {
		t.Errorf("journal %+v", j.last)
	}
}

func replace(name, content string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		write(t, dir+"/.edit", content, 0o640)
		if err := os.Rename(dir+"/.edit", dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Remove(dir + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecoverLeavesWhatOthersChanged(t *testing.T) {
	for name, c := range map[string]change{
		"replaced": {do: replace("a", "edited"), left: []string{"a: it was changed since"}, want: map[string]string{"a": "-rw-r----- edited"}},
		"replaced, key lost": {
			do: replace("a", "edited"), keyLost: true,
			left: []string{"a: it was changed since"}, want: map[string]string{"a": "-rw-r----- edited"},
		},
		"edited in place": {
			do:   func(t *testing.T, dir string) { write(t, dir+"/a", "edited", 0o640) },
			left: []string{"a: it was changed since"}, want: map[string]string{"a": "-rw-r----- edited"},
		},
		"replaced, absent before": {
			do:   replace("b", "edited"),
			left: []string{"b: it was changed since"}, want: map[string]string{"b": "-rw-r----- edited"},
		},
		"set back by hand":       {do: replace("a", "old a"), want: map[string]string{"a": "-rw-r----- old a"}},
		"removed":                {do: remove("a")},
		"absent before, removed": {do: remove("b")},
		"a directory now": {
			do: func(t *testing.T, dir string) {
				if err := errors.Join(os.Remove(dir+"/a"), os.Mkdir(dir+"/a", 0o755)); err != nil {
					t.Fatal(err)
				}
			},
			left: []string{"a: it was changed since"}, want: map[string]string{"a": "dir"},
		},
		"old copy removed": {
			do: func(t *testing.T, dir string) {
				for name := range look(t, dir) {
					if strings.HasPrefix(name, ".a.") {
						remove(name)(t, dir)
					}
				}
			},
			left: []string{"a: the old file is gone"}, want: map[string]string{"a": "-rw------- new a"},
		},
	} {
		t.Run(name, c.run)
	}
}

func TestRecoverLeavesDirectoriesThatOthersChanged(t *testing.T) {
	for name, c := range map[string]change{
		"its directory removed": {
			do: func(t *testing.T, dir string) {
				if err := errors.Join(os.RemoveAll(dir+"/x"), os.RemoveAll(dir+"/y")); err != nil {
					t.Fatal(err)
				}
			},
			left: []string{"y/d: its directory is gone"}, want: map[string]string{"y": "", "y/d": ""},
		},
		"directory in use": {
			do:   func(t *testing.T, dir string) { write(t, dir+"/x/other", "others'", 0o644) },
			want: map[string]string{"x": "dir", "x/other": "-rw-r--r-- others'"},
		},
		"a link into somebody's directory": {
			do: func(t *testing.T, dir string) {
				err := errors.Join(os.RemoveAll(dir+"/y"), os.Mkdir(dir+"/open", 0o777), os.Chmod(dir+"/open", 0o777),
					os.Symlink("..", dir+"/open/up"), os.Symlink("open/up", dir+"/y"))
				if err != nil {
					t.Fatal(err)
				}
			},
			left: []string{"y/d: its directory cannot be reached safely any more"},
			want: map[string]string{"open": "dir", "open/up": "-> ..", "y": "-> open/up", "y/d": ""},
		},
	} {
		t.Run(name, c.run)
	}
}

func TestRecoverByPhase(t *testing.T) {
	for phase, want := range map[txn.Phase]map[string]string{
		txn.Prepare: {"a": "-rw-r--r-- old", "b": "-rw------- staged elsewhere"},
		txn.Done:    {"a": "-rw------- new", "x": "dir"},
	} {
		dir := folder(t)
		write(t, dir+"/a", "old", 0o644)
		j := newRecorder()
		deep := file(dir+"/x/c", "new")
		deep.CreateDirs = true
		x := mustPrepare(t, j, file(dir+"/a", "new"), deep)
		rec := j.last
		if phase == txn.Done {
			if err := errors.Join(x.Commit(t.Context(), true), x.Done()); err != nil {
				t.Fatal(err)
			}
			rec = j.last
			write(t, dir+"/"+rec.Files[0].Old, "old", 0o644) // the crash came before its removal
			remove("x/c")(t, dir)
		} else {
			write(t, dir+"/b", "staged elsewhere", 0o600)
		}
		got, err := txn.Disk{}.Recover(t.Context(), rec, j)
		if err != nil || got.Phase != phase || got.HookPending != (phase == txn.Done) || got.Left != nil || got.Restored != nil {
			t.Errorf("%s: %+v, %v", phase, got, err)
		}
		equal(t, look(t, dir), want)
	}
	if got, err := (txn.Disk{}).Recover(t.Context(), txn.Record{}, newRecorder()); err != nil || got.Phase != txn.Idle || got.HookPending {
		t.Errorf("idle: %+v, %v", got, err)
	}
}

func TestRecoverRefusesForgedRecords(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "precious", 0o644)
	good := txn.FileRecord{Dest: dir + "/a", Path: dir + "/a", New: ".a.credrender-0123456789abcdef.new", Old: ".a.credrender-0123456789abcdef.old"}
	tests := map[string]func(*txn.Record){
		"phase":      func(r *txn.Record) { r.Phase = "redo" },
		"relative":   func(r *txn.Record) { r.Files[0].Path = "a" },
		"dots":       func(r *txn.Record) { r.Files[0].Path = dir + "/x/../a" },
		"new":        func(r *txn.Record) { r.Files[0].New = "a" },
		"old":        func(r *txn.Record) { r.Files[0].Old = "../a" },
		"slash":      func(r *txn.Record) { r.Files[0].Old = "../.a.credrender-0123456789abcdef.old" },
		"directory":  func(r *txn.Record) { r.Dirs = []string{"x"} },
		"directory2": func(r *txn.Record) { r.Dirs = []string{"/x/.."} },
	}
	for name, forge := range tests {
		r := txn.Record{Phase: txn.Prepare, Files: []txn.FileRecord{good}}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		forge(&r)
		if _, err := (txn.Disk{}).Recover(t.Context(), r, newRecorder()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r--r-- precious"})
}

func TestRecoverStopsWithItsContext(t *testing.T) {
	dir := folder(t)
	j := crashed(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (txn.Disk{}).Recover(ctx, j.last, j); !errors.Is(err, context.Canceled) || j.last.Phase != txn.Commit {
		t.Errorf("got %v, journal %q", err, j.last.Phase)
	}
	if _, err := (txn.Disk{}).Recover(t.Context(), j.last, j); err != nil {
		t.Error(err)
	}
	equal(t, look(t, dir), crashedOld)
}

// TestSteps: every label that is listed is passed, and no other.
func TestSteps(t *testing.T) {
	seen := map[string]bool{}
	h := &fsystest.Hook{FS: fsystest.NewSim("/d"), AtStep: func(label string) { seen[label] = true }}
	d := txn.Disk{FS: h}
	deep := file("/d/x/a", "new")
	deep.CreateDirs = true
	for _, end := range []func(*txn.Txn, *recorder) error{
		func(x *txn.Txn, _ *recorder) error { return x.Rollback(false) },
		func(x *txn.Txn, j *recorder) error { _, err := d.Recover(t.Context(), j.last, j); return err },
		func(x *txn.Txn, _ *recorder) error { return x.Done() },
	} {
		j := newRecorder()
		x, err := d.Prepare(t.Context(), j, []txn.File{deep})
		if err == nil {
			err = x.Commit(t.Context(), true)
		}
		if err := errors.Join(err, end(x, j)); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{}
	for _, s := range txn.Steps() {
		want[s] = true
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}
