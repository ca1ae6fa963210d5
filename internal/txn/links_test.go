package txn_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

func TestLinkIsKept(t *testing.T) {
	dir := folder(t)
	if err := errors.Join(os.Mkdir(dir+"/real", 0o755), os.Symlink("real/file", dir+"/link"), os.Symlink("real/none", dir+"/dangling")); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/real/file", "old", 0o644)
	x := mustPrepare(t, newRecorder(), file(dir+"/link", "new"), file(dir+"/dangling", "made"))
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{
		"link": "-> real/file", "dangling": "-> real/none", "real": "dir", "real/file": "-rw------- new", "real/none": "-rw------- made",
	})
}

func TestHardLinkedOldFileKeepsItsOtherName(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	if err := os.Link(dir+"/a", dir+"/other"); err != nil {
		t.Fatal(err)
	}
	x := mustPrepare(t, newRecorder(), file(dir+"/a", "new"))
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw------- new", "other": "-rw-r--r-- old"})
}

// Where the file system, or the kernel for a file of another user, refuses
// hard links, the old file is copied.
func TestHardLinksRefused(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EPERM, unix.EOPNOTSUPP, unix.EMLINK} {
		dir := folder(t)
		write(t, dir+"/a", "old", 0o640)
		before := look(t, dir)
		d := txn.Disk{FS: &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
			if op.Name == "link" {
				return errno
			}
			return nil
		}}}
		for _, end := range []string{"rollback", "crash", "crash before", "done"} {
			j := newRecorder()
			x, err := d.Prepare(t.Context(), j, []txn.File{file(dir+"/a", "new")})
			if err == nil && end != "crash before" {
				err = x.Commit(t.Context(), true)
			}
			switch {
			case err != nil:
			case end == "rollback":
				err = x.Rollback(false)
			case end == "done":
				err = x.Done()
				before["a"] = "-rw------- new"
			default:
				_, err = d.Recover(t.Context(), j.last, j)
			}
			if err != nil {
				t.Fatalf("%v: %s: %v", errno, end, err)
			}
			equal(t, look(t, dir), before)
		}
	}
}

func TestRootMovesEverything(t *testing.T) {
	dir := folder(t)
	if err := errors.Join(os.MkdirAll(dir+"/etc", 0o755), os.Symlink("/etc/real", dir+"/etc/link")); err != nil {
		t.Fatal(err)
	}
	d := txn.Disk{Root: dir}
	x, err := d.Prepare(t.Context(), newRecorder(), []txn.File{file("/etc/link", "new")})
	if err != nil {
		t.Fatal(err)
	}
	if s := x.Staged("/etc/link"); !strings.HasPrefix(s, dir+"/etc/.real.") {
		t.Errorf("staged as %s", s)
	}
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"etc": "dir", "etc/link": "-> /etc/real", "etc/real": "-rw------- new"})
	j := newRecorder()
	if x, err = d.Prepare(t.Context(), j, []txn.File{file("/etc/link", "newest")}); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if out, err := (txn.Disk{}).Recover(t.Context(), j.last, j); err != nil || out.Left != nil { // the record knows the root
		t.Errorf("recovered %+v, %v", out, err)
	}
	e, err := d.Inspect("/etc/link")
	if err != nil || string(e.Data) != "new" || e.Path != "/etc/real" || !e.KeepMeta {
		t.Errorf("got %+v, %v", e, err)
	}
}
