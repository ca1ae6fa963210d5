package txn_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/test/fsystest"
)

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// nobodys is a directory of nobody's below one that nobody may enter.
func nobodys(t *testing.T) string {
	t.Helper()
	fsystest.NeedRoot(t)
	top, err := os.MkdirTemp("", "credrender-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	dir := top + "/dir"
	if err := errors.Join(os.Chmod(top, 0o755), os.Mkdir(dir, 0o755), os.Chown(dir, fsystest.Nobody, fsystest.Nobody)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func owned(t *testing.T, name string) (uid, gid uint32) {
	t.Helper()
	st := stat(t, name)
	return st.Uid, st.Gid
}

func TestOwnerIsSetAndRestored(t *testing.T) {
	fsystest.NeedRoot(t)
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	if err := os.Chown(dir+"/a", 7, 8); err != nil {
		t.Fatal(err)
	}
	f := file(dir+"/a", "new")
	f.UID, f.GID = 33, -1
	x := mustPrepare(t, newRecorder(), f)
	if uid, gid := owned(t, x.Staged(f.Dest)); uid != 33 || gid != 0 {
		t.Errorf("staged %d:%d", uid, gid)
	}
	if err := x.Commit(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if uid, gid := owned(t, f.Dest); uid != 33 || gid != 0 {
		t.Errorf("installed %d:%d", uid, gid)
	}
	if err := x.Rollback(false); err != nil {
		t.Fatal(err)
	}
	if uid, gid := owned(t, f.Dest); uid != 7 || gid != 8 {
		t.Errorf("restored %d:%d", uid, gid)
	}
}

func TestOwnerRefusedBeforeAnythingIsVisible(t *testing.T) {
	dir := nobodys(t)
	var before map[string]string
	fsystest.AsUser(t, fsystest.Nobody, func() {
		if err := os.WriteFile(dir+"/a", []byte("old"), 0o644); err != nil {
			t.Error(err)
		}
		before = look(t, dir)
		f := file(dir+"/b", "new")
		f.UID = 0
		_, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), []txn.File{file(dir+"/a", "new"), f})
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
	equal(t, look(t, dir), before)
}

// Under fs.protected_hardlinks we cannot link a file of root's in our own directory. A
// rollback restores its content and mode from a copy, which cannot be given to root.
func TestFileOfAnotherUser(t *testing.T) {
	dir := nobodys(t)
	write(t, dir+"/a", "root's", 0o644)
	before := look(t, dir)
	fsystest.AsUser(t, fsystest.Nobody, func() {
		x, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), []txn.File{file(dir+"/a", "new")})
		if err != nil {
			t.Error(err)
			return
		}
		if err := errors.Join(x.Commit(t.Context(), true), x.Rollback(false)); err != nil {
			t.Error(err)
		}
	})
	equal(t, look(t, dir), before)
}

func TestDirectoryThatCannotBeWritten(t *testing.T) {
	dir := nobodys(t)
	write(t, dir+"/a", "old", 0o644)
	if err := os.Chown(dir, 0, 0); err != nil {
		t.Fatal(err)
	}
	before := look(t, dir)
	fsystest.AsUser(t, fsystest.Nobody, func() {
		_, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), []txn.File{file(dir+"/a", "new")})
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
		deep := file(dir+"/x/b", "new")
		deep.CreateDirs = true
		if _, err := (txn.Disk{}).Prepare(t.Context(), newRecorder(), []txn.File{deep}); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
	equal(t, look(t, dir), before)
}

func TestInspectKeepsMetaOnlyWhereItMeansSomething(t *testing.T) {
	dir := nobodys(t)
	write(t, dir+"/a", "old", 0o666)
	d := txn.Disk{}
	e, err := d.Inspect(dir + "/a")
	if err != nil || !e.KeepMeta || e.Mode != 0o666 || !e.Exists {
		t.Errorf("its owner's: %+v, %v", e, err)
	}
	for _, mode := range []fs.FileMode{0o775, 0o757, 0o777, 0o777 | fs.ModeSticky} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if e, err := d.Inspect(dir + "/a"); err != nil || e.KeepMeta {
			t.Errorf("mode %v: %+v, %v", mode, e, err)
		}
	}
	if err := os.Truncate(dir+"/a", txn.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	if e, err := d.Inspect(dir + "/a"); err != nil || !e.TooLarge || !e.Exists || e.Data != nil {
		t.Errorf("too large: %v, %v", e.TooLarge, err)
	}
	for _, name := range []string{"/none", "/none/none"} {
		if e, err := d.Inspect(dir + name); err != nil || e.Exists {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestRepair(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "old", 0o644)
	if err := os.Symlink("a", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	d := txn.Disk{}
	inode := stat(t, dir+"/a").Ino
	if err := repair(d, dir+"/link", 0o600, -1, -1); err != nil {
		t.Fatal(err)
	}
	equal(t, look(t, dir), map[string]string{"a": "-rw------- old", "link": "-> a"})
	if stat(t, dir+"/a").Ino != inode {
		t.Error("it is another file")
	}
	if err := repair(d, dir+"/none", 0o600, -1, -1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	kind := (*txn.KindError)(nil)
	if err := repair(d, dir, 0o600, -1, -1); !errors.As(err, &kind) {
		t.Errorf("directory: %v", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := repair(d, dir+"/a", 0o644, -1, -1); !errors.Is(err, txn.ErrOthersWrite) {
		t.Errorf("among others: %v", err)
	}
	if got := look(t, dir)["a"]; got != "-rw------- old" {
		t.Errorf("got %q", got)
	}
}

func TestRepairOwner(t *testing.T) {
	fsystest.NeedRoot(t)
	dir := folder(t)
	write(t, dir+"/a", "old", 0o600)
	if err := repair(txn.Disk{}, dir+"/a", 0o640, 3, 4); err != nil {
		t.Fatal(err)
	}
	if uid, gid := owned(t, dir+"/a"); uid != 3 || gid != 4 || stat(t, dir+"/a").Mode&0o777 != 0o640 {
		t.Errorf("got %d:%d %o", uid, gid, stat(t, dir+"/a").Mode)
	}
}

// A second user swaps links, directories and files while transactions run in
// a directory that he can write. Nothing outside of it changes.
func TestNoEffectOutsideAHostileDirectory(t *testing.T) {
	dir := nobodys(t)
	outside := dir + "/../outside"
	if err := os.Mkdir(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, outside+"/victim", "precious", 0o444)
	// His own, so that he may link to it: to change it is an effect all the same.
	if err := os.Chown(outside+"/victim", fsystest.Nobody, fsystest.Nobody); err != nil {
		t.Fatal(err)
	}
	before, victim := look(t, outside), stat(t, outside+"/victim")

	swaps := 0
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		fsystest.AsUser(t, fsystest.Nobody, func() { swaps = swap(stop, dir) })
	}()
	installed, refused := 0, 0
	for i := 0; i < 20_000 && (installed < 300 || refused < 1000); i++ {
		f := file(dir+"/sub/victim", "new")
		f.Mode, f.UID, f.GID, f.CreateDirs, f.InPlace = 0o666, 5, 5, true, i%3 == 1
		if i%3 == 0 {
			_ = repair(txn.Disk{}, f.Dest, f.Mode, f.UID, f.GID)
			continue
		}
		x, err := txn.Disk{}.Prepare(t.Context(), txn.NewMemory(), []txn.File{f})
		if err == nil && x.Commit(t.Context(), true) == nil {
			installed++
			_ = x.Done()
		} else {
			refused++
		}
	}
	close(stop)
	<-stopped
	equal(t, look(t, outside), before)
	if now := stat(t, outside+"/victim"); now.Uid != victim.Uid || now.Mode != victim.Mode || now.Ino != victim.Ino {
		t.Errorf("the file outside has owner %d and mode %o", now.Uid, now.Mode)
	}
	if installed == 0 || refused == 0 || swaps == 0 {
		t.Errorf("%d installed, %d refused, %d swaps: the two never met (can every user reach TMPDIR?)", installed, refused, swaps)
	}
}

// swap makes sub, and the file in it, one thing after the other. It returns how many it has
// made.
func swap(stop <-chan struct{}, dir string) (made int) {
	sub := dir + "/sub"
	for i := 0; ; i++ {
		spare := fmt.Sprint(dir, "/spare", i) // root's are not removed so easily
		select {
		case <-stop:
			return made
		case <-time.After(time.Duration(i%5) * 50 * time.Microsecond):
		}
		if os.Rename(sub, spare) == nil {
			made++
		}
		switch i % 5 {
		case 0:
			_ = os.Symlink("../outside", sub)
		case 1:
			_ = os.Mkdir(sub, 0o777)
			_ = os.Symlink("../../outside/victim", sub+"/victim")
		case 2:
			_ = os.Mkdir(sub, 0o777)
			_ = os.Link(dir+"/../outside/victim", sub+"/victim")
		case 3:
			_ = os.Mkdir(sub, 0o777)
			_ = os.WriteFile(sub+"/victim", []byte("mine"), 0o666)
		}
		_ = os.RemoveAll(spare)
	}
}
