package txn_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// shut returns a directory in which a file can be written but nothing made.
func shut(t *testing.T) (dir string, d txn.Disk) {
	t.Helper()
	dir = folder(t)
	write(t, dir+"/a", "old", 0o640)
	return dir, txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		switch {
		case op.Name == "writable" && op.File == ".", op.Name == "open" && strings.HasSuffix(op.File, ".new"),
			op.Name == "unlink", op.Name == "link", op.Name == "rename":
			return unix.EROFS
		}
		return nil
	}}}
}

func inPlaceOf(dir string) txn.File {
	f := file(dir+"/a", "new and longer")
	f.InPlace, f.Checked, f.Mode = true, true, 0o640
	return f
}

func TestInPlaceWhereNothingCanBeMade(t *testing.T) {
	dir, d := shut(t)
	j := newRecorder()
	x, err := d.Prepare(t.Context(), j, []txn.File{inPlaceOf(dir)})
	if err != nil {
		t.Fatal(err)
	}
	staged := x.Staged(dir + "/a")
	if data, err := os.ReadFile(staged); err != nil || string(data) != "new and longer" {
		t.Errorf("a check reads %q, %v", data, err)
	}
	if err := os.WriteFile(staged, []byte("x"), 0); err == nil {
		t.Error("a check can change what it reads")
	}
	if err := errors.Join(x.Unaltered(dir+"/a"), x.Commit(t.Context(), true), x.Unaltered(dir+"/a"), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r----- new and longer"})
	if _, err := os.Stat(staged); err == nil {
		t.Error("the file in memory outlives the transaction")
	}

	// A refusal by verify restores the file from memory.
	f := file(dir+"/a", "refused")
	f.InPlace = true
	if x, err = d.Prepare(t.Context(), j, []txn.File{f}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Commit(t.Context(), true), x.Rollback(false)); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r----- new and longer"})
	if j.last.Phase != txn.Idle {
		t.Errorf("the journal is in phase %q", j.last.Phase)
	}
}

// What a crash left of a file without a copy is named, and nothing is held up.
func TestRecoverInPlaceWithoutACopy(t *testing.T) {
	for _, written := range []string{"old", "new and longer", "new an"} {
		dir, d := shut(t)
		j := newRecorder()
		x, err := d.Prepare(t.Context(), j, []txn.File{inPlaceOf(dir)})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Commit(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		write(t, dir+"/a", written, 0o640)
		got, err := d.Recover(t.Context(), j.last, j)
		if err != nil || !got.HookPending || j.last.Phase != txn.Idle {
			t.Errorf("%q: got %+v, %v", written, got, err)
		}
		if told := len(got.Left) == 1; told != (written != "old") {
			t.Errorf("%q: left %+v", written, got.Left)
		}
		equal(t, look(t, dir), map[string]string{"a": "-rw-r----- " + written})
	}
}

// A failure before the first rename leaves nothing to recover, although the file
// system does not let anything be removed either.
func TestNothingToRecoverFromWhatWasNotMade(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EROFS, unix.EACCES, unix.EPERM} {
		dir := folder(t)
		write(t, dir+"/a", "old", 0o640)
		d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
			switch op.Name {
			case "mkdir", "unlink", "rmdir", "link", "rename", "sync":
				return errno
			case "open":
				if strings.Contains(op.File, ".credrender-") {
					return errno
				}
			}
			return nil
		}}}
		deep := file(dir+"/x/y/b", "new")
		deep.CreateDirs = true
		for _, f := range []txn.File{file(dir+"/a", "new"), deep} {
			j := newRecorder()
			if _, err := d.Prepare(t.Context(), j, []txn.File{f}); !errors.Is(err, errno) {
				t.Errorf("got %v, want %v", err, errno)
			}
			if j.last.Phase != txn.Idle {
				t.Errorf("%v: the journal is in phase %q", errno, j.last.Phase)
			}
		}
		equal(t, look(t, dir), map[string]string{"a": "-rw-r----- old"})
	}
}

// A file that could not be opened is not rewritten by its rollback.
func TestInPlaceThatIsRefused(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o640)
	d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		if op.Name == "open" && op.File == "a" && op.Label == "commit.journaled" {
			return unix.EROFS
		}
		return nil
	}}}
	j := newRecorder()
	x, err := d.Prepare(t.Context(), j, []txn.File{inPlaceOf(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v", err)
	}
	if j.last.Phase != txn.Idle {
		t.Errorf("the journal is in phase %q", j.last.Phase)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r----- old"})
}

// A staged file keeps its extension only for a check; leftovers of both kinds, and of
// earlier versions, are known as such.
func TestStagedNames(t *testing.T) {
	dir := folder(t)
	for name, want := range map[string]string{
		"a.service": ".service", "a.tar.gz": ".gz", "a": "", ".bashrc": ".bashrc", "a.": "", "a.credrender-x": "",
		"a@.timer": ".timer", strings.Repeat("x", 240) + ".service": ".service", "a." + strings.Repeat("e", 40): "",
	} {
		f := file(dir+"/"+name, "new")
		j := newRecorder()
		for _, f.Checked = range []bool{false, true} {
			x := mustPrepare(t, j, f)
			staged := filepath.Base(x.Staged(f.Dest))
			suffix := ".new"
			if f.Checked {
				suffix += want
			}
			if !strings.HasSuffix(staged, suffix) || len(staged) > 255 || staged[0] != '.' {
				t.Errorf("%s is staged as %s", name, staged)
			}
			if err := j.last.Check(); err != nil {
				t.Error(err)
			}
			if _, err := (txn.Disk{}).Recover(t.Context(), j.last, j); err != nil {
				t.Error(err)
			}
			equal(t, look(t, dir), map[string]string{})
		}
	}
}
