package txn_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

func TestInstall(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old a", 0o644)
	j := newRecorder()
	a, b := file(dir+"/a", "new a"), file(dir+"/b", "new b")
	a.Mode = 0o640
	x := mustPrepare(t, j, a, b)

	staged := x.Staged(a.Dest)
	if got, err := os.ReadFile(staged); string(got) != "new a" || err != nil {
		t.Errorf("staged: %q, %v", got, err)
	}
	if base := filepath.Base(staged); filepath.Dir(staged) != dir || !strings.HasPrefix(base, ".a.credrender-") {
		t.Errorf("staged as %s", staged)
	}
	if got := look(t, dir)["a"]; got != "-rw-r--r-- old a" {
		t.Errorf("visible after prepare: %q", got)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := x.Done(); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r----- new a", "b": "-rw------- new b"})
	if diff := cmp.Diff([]string{"prepare", "commit+pending", "done+pending"}, j.phases); diff != "" {
		t.Error(diff)
	}
	if x.Staged("elsewhere") != "" || x.Done() == nil || x.Commit(t.Context(), true) == nil || x.Rollback(false) == nil {
		t.Error("a transaction that has ended goes on")
	}
}

func TestRollback(t *testing.T) {
	for _, committed := range []bool{false, true} {
		dir := folder(t)
		write(t, dir+"/a", "old a", 0o644)
		write(t, dir+"/p", "old p", 0o640)
		before := look(t, dir)
		inode := stat(t, dir+"/p").Ino
		deep, inPlace := file(dir+"/x/y/c", "new c"), file(dir+"/p", "new p, longer than before")
		deep.CreateDirs, inPlace.InPlace = true, true
		j := newRecorder()
		x := mustPrepare(t, j, file(dir+"/a", "new a"), file(dir+"/b", "new b"), deep, inPlace)
		if committed {
			if err := x.Commit(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if got := look(t, dir); got["x/y/c"] != "-rw------- new c" || got["p"] != "-rw------- new p, longer than before" {
				t.Errorf("committed: %v", got)
			}
			// What verify does to a file goes too.
			write(t, dir+"/a", "formatted by verify", 0o600)
		}
		if err := x.Rollback(committed); err != nil {
			t.Fatal(err)
		}
		equal(t, look(t, dir), before)
		if stat(t, dir+"/p").Ino != inode {
			t.Error("the file in place is another one")
		}
		if j.last.Phase != txn.Idle || j.last.HookPending != committed || j.last.Files != nil {
			t.Errorf("journal: %+v", j.last)
		}
	}
}

func TestInPlaceOfNothing(t *testing.T) {
	dir := folder(t)
	f := file(dir+"/a", "new")
	f.InPlace = true
	x := mustPrepare(t, newRecorder(), f)
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw------- new"})
}

// Who may not change owners, or a file system that has none, is not asked to.
func TestOwnerThatIsRightIsNotSet(t *testing.T) {
	dir := folder(t)
	d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		if op.Name == "chown" {
			return unix.EPERM
		}
		return nil
	}}}
	f := file(dir+"/a", "new")
	f.UID, f.GID = os.Geteuid(), os.Getegid()
	x, err := d.Prepare(t.Context(), newRecorder(), []txn.File{f})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Rollback(false), func() error { write(t, f.Dest, "x", 0o600); return nil }(), repair(d, f.Dest, 0o640, f.UID, f.GID)); err != nil {
		t.Error(err)
	}
}

func TestLongNames(t *testing.T) {
	dir := folder(t)
	names := []string{strings.Repeat("x", 255), strings.Repeat("x", 254), strings.Repeat("é", 127), "a.conf"}
	var files []txn.File
	for _, n := range names {
		files = append(files, file(dir+"/"+n, "new"))
	}
	x := mustPrepare(t, newRecorder(), files...)
	for n := range look(t, dir) {
		if len(n) > 255 || !strings.HasPrefix(n, ".") || !strings.Contains(n, ".credrender-") || strings.ToValidUTF8(n, "?") != n {
			t.Errorf("staged as %q", n)
		}
	}
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(look(t, dir))); len(got) != len(names) {
		t.Errorf("got %q", got)
	}
}

func TestCreatedDirectoriesStay(t *testing.T) {
	dir := folder(t)
	a, b := file(dir+"/x/y/a", "a"), file(dir+"/x/y/z/b", "b")
	a.CreateDirs, b.CreateDirs = true, true
	old := unix.Umask(0o077)
	x := mustPrepare(t, newRecorder(), a, b)
	unix.Umask(old)
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"x": "dir", "x/y": "dir", "x/y/a": "-rw------- a", "x/y/z": "dir", "x/y/z/b": "-rw------- b"})
	if mode := stat(t, dir+"/x/y").Mode & 0o777; mode != 0o755 {
		t.Errorf("mode %o", mode)
	}
}

func TestSomebodyReplacesAStagedFile(t *testing.T) {
	dir := folder(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/a", "old", 0o644)
	x := mustPrepare(t, newRecorder(), file(dir+"/b", "new b"), file(dir+"/a", "new"))
	if err := errors.Join(os.Remove(x.Staged(dir+"/a")), os.WriteFile(x.Staged(dir+"/a"), []byte("theirs"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); !errors.Is(err, txn.ErrInterfered) {
		t.Errorf("got %v", err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw-r--r-- old"})
}

func TestJournalFails(t *testing.T) {
	for _, phase := range []txn.Phase{txn.Prepare, txn.Commit, txn.Done, txn.Idle} {
		t.Run(string(phase), func(t *testing.T) {
			dir := folder(t)
			write(t, dir+"/a", "old", 0o644)
			before := look(t, dir)
			j := newRecorder()
			j.fail = phase
			x, err := txn.Disk{}.Prepare(t.Context(), j, []txn.File{file(dir+"/a", "new"), file(dir+"/b", "new")})
			if err == nil {
				err = x.Commit(t.Context(), true)
			}
			if err == nil && phase == txn.Idle {
				err = x.Rollback(false)
			} else if err == nil {
				err = x.Done()
			}
			if !errors.Is(err, errJournal) {
				t.Errorf("got %v", err)
			}
			equal(t, look(t, dir), before)
		})
	}
}

func TestCancelledContext(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	before := look(t, dir)
	ctx, cancel := cancelled(t)
	x := mustPrepare(t, newRecorder(), file(dir+"/a", "new"))
	cancel()
	if err := x.Commit(ctx, true); !errors.Is(err, ctx.Err()) {
		t.Errorf("commit: %v", err)
	}
	equal(t, look(t, dir), before)
	if _, err := (txn.Disk{}).Prepare(ctx, newRecorder(), []txn.File{file(dir+"/a", "new")}); !errors.Is(err, ctx.Err()) {
		t.Errorf("prepare: %v", err)
	}
	equal(t, look(t, dir), before)
}
