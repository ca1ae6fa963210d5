package txn_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// ignores is a file system that reports success for an operation and does not
// do it, as exfat and ntfs-3g do with chmod.
func ignores(f fsys.FS, op string) *fsystest.Hook {
	return &fsystest.Hook{FS: f, Before: func(o fsystest.Op) error {
		if o.Name == op {
			return fsystest.ErrSkip
		}
		return nil
	}}
}

// refuses is one that fails the operation, as FAT does.
func refuses(f fsys.FS, op string) *fsystest.Hook {
	return &fsystest.Hook{FS: f, Before: func(o fsystest.Op) error {
		if o.Name == op {
			return unix.EPERM
		}
		return nil
	}}
}

// TestRightsAreReadBack: a file system that does not set what it was told is
// found out before a byte is written, and nothing is left behind.
func TestRightsAreReadBack(t *testing.T) {
	for _, c := range []struct {
		name, op string
		mode     fs.FileMode
		uid      int
		permit   txn.Permit
		fails    string // RightsError.What; "": it does not
	}{
		{"mode ignored", "chmod", 0o640, -1, txn.Permit{}, "mode"},
		{"mode ignored, owner permitted", "chmod", 0o640, -1, txn.Permit{Owner: true}, "mode"},
		{"mode ignored and permitted", "chmod", 0o640, -1, txn.Permit{Mode: true}, ""},
		{"mode right already", "chmod", 0o600, -1, txn.Permit{}, ""},
		{"owner ignored", "chown", 0o600, 7, txn.Permit{}, "owner"},
		{"owner ignored, mode permitted", "chown", 0o600, 7, txn.Permit{Mode: true}, "owner"},
		{"owner ignored and permitted", "chown", 0o600, 7, txn.Permit{Owner: true}, ""},
	} {
		for how, make := range map[string]func(fsys.FS, string) *fsystest.Hook{"ignored": ignores, "refused": refuses} {
			t.Run(c.name+" "+how, func(t *testing.T) {
				s := fsystest.NewSim("/d")
				h := make(s, c.op)
				before, wrote := h.Before, false
				h.Before = func(o fsystest.Op) error {
					wrote = wrote || o.Name == "write"
					return before(o)
				}
				f := file("/d/a", "new")
				f.Mode, f.UID, f.GID, f.Permit = c.mode, c.uid, c.uid, c.permit
				x, err := txn.Disk{FS: h}.Prepare(t.Context(), newRecorder(), []txn.File{f})
				var rights *txn.RightsError
				if c.fails == "" {
					if err != nil {
						t.Fatal(err)
					}
					_ = x.Rollback(false)
					return
				}
				if !errors.As(err, &rights) || rights.What != c.fails || wrote {
					t.Errorf("%v; bytes written: %v", err, wrote)
				}
				if left := s.Walk(); len(left) != 1 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

// TestNewFileOfSomebodyElse: a server that gives our file to another user
// (root_squash, an EFS access point) lets him read it.
func TestNewFileOfSomebodyElse(t *testing.T) {
	for _, permit := range []bool{false, true} {
		s := fsystest.NewSim("/d")
		f := file("/d/a", "new")
		f.Permit.Owner = permit
		_, err := txn.Disk{FS: squash{s}}.Prepare(t.Context(), newRecorder(), []txn.File{f})
		var rights *txn.RightsError
		if errors.As(err, &rights) == permit {
			t.Errorf("permit %v: %v", permit, err)
		}
	}
}

// squash is a file system whose files belong to nobody.
type squash struct{ fsys.FS }

func (q squash) Stat(fd int) (fsys.Stat, error) {
	st, err := q.FS.Stat(fd)
	if st.Type == 0 {
		st.UID = fsystest.Nobody
	}
	return st, err
}

// TestRepairTellsWhatChanged: on a file system that ignores what is permitted,
// nothing was repaired, so that no run says so.
func TestRepairTellsWhatChanged(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/a", "x", 0o644)
	f := txn.File{Dest: dir + "/a", Mode: 0o600, UID: -1, GID: -1}
	if _, err := (txn.Disk{FS: ignores(fsys.OS{}, "chmod")}).Repair(f); err == nil {
		t.Error("a mode that was not set is no error")
	}
	f.Permit.Mode = true
	if changed, err := (txn.Disk{FS: ignores(fsys.OS{}, "chmod")}).Repair(f); changed || err != nil {
		t.Errorf("changed %v, %v", changed, err)
	}
	if changed, err := (txn.Disk{}).Repair(f); !changed || err != nil {
		t.Errorf("where it can be set: changed %v, %v", changed, err)
	}
}

// TestInheritedACLIsDropped: a default ACL of the directory would give nobody
// the rights that a mode of 0640 gives the group.
func TestInheritedACLIsDropped(t *testing.T) {
	dir := folder(t)
	if err := unix.Setxattr(dir, "system.posix_acl_default", acl(fsystest.Nobody), 0); err != nil {
		t.Skipf("no ACLs here: %v", err)
	}
	write(t, dir+"/old", "old", 0o600)
	if n, err := unix.Getxattr(dir+"/old", "system.posix_acl_access", nil); n <= 0 {
		t.Fatalf("the file does not inherit the ACL, so this test shows nothing: %v", err)
	}
	deep := file(dir+"/sub/deep", "deep")
	deep.CreateDirs, deep.Mode = true, 0o640
	replaced := file(dir+"/old", "new")
	replaced.Mode = 0o640
	x := mustPrepare(t, newRecorder(), deep, replaced)
	if err := errors.Join(x.Commit(t.Context(), false), x.Done()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{deep.Dest, replaced.Dest} {
		if _, err := unix.Getxattr(name, "system.posix_acl_access", nil); !errors.Is(err, unix.ENODATA) {
			t.Errorf("%s has an ACL: %v", name, err)
		}
		if got := stat(t, name).Mode & 0o777; got != 0o640 {
			t.Errorf("%s: mode %04o", name, got)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	fsystest.AsUser(t, fsystest.Nobody, func() {
		if _, err := os.ReadFile(replaced.Dest); err == nil {
			t.Error("the user of the default ACL can read the file")
		}
	})
}

// acl is a POSIX ACL in the kernel's format: uid may read and write.
func acl(uid uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range []struct {
		tag, perm uint16
		id        uint32
	}{{1, 7, ^uint32(0)}, {2, 6, uid}, {4, 5, ^uint32(0)}, {0x10, 7, ^uint32(0)}, {0x20, 5, ^uint32(0)}} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// TestCheckAgreesWithPrepare: what can be found wrong without writing is found
// by both, by an ordinary user, and writes nothing.
func TestCheckAgreesWithPrepare(t *testing.T) {
	dir := nobodys(t)
	write(t, dir+"/roots", "x", 0o600)
	if err := os.Mkdir(dir+"/shut", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file txn.File
		want error // nil: it is fine
	}{
		{"new file", txn.File{Dest: dir + "/new", UID: -1, GID: -1}, nil},
		{"no directory", txn.File{Dest: dir + "/none/new", UID: -1, GID: -1}, txn.ErrNoDirectory},
		{"directory that cannot be written", txn.File{Dest: dir + "/shut/new", UID: -1, GID: -1}, unix.EACCES},
		{"directory that cannot be made", txn.File{Dest: dir + "/shut/none/new", UID: -1, GID: -1, CreateDirs: true}, unix.EACCES},
		{"owner that cannot be given", txn.File{Dest: dir + "/new", UID: 0, GID: -1}, unix.EPERM},
		{"group that cannot be given", txn.File{Dest: dir + "/new", UID: -1, GID: 0}, unix.EPERM},
		{"owner that is permitted", txn.File{Dest: dir + "/new", UID: 0, GID: 0, Permit: txn.Permit{Owner: true}}, nil},
		{"root's file in place", txn.File{Dest: dir + "/roots", UID: -1, GID: -1, InPlace: true}, unix.EACCES},
	} {
		c.file.Mode = 0o600
		var checked, prepared error
		fsystest.AsUser(t, fsystest.Nobody, func() {
			checked = txn.Disk{}.Check([]txn.File{c.file})
			x, err := txn.Disk{}.Prepare(t.Context(), newRecorder(), []txn.File{c.file})
			if prepared = err; err == nil {
				_ = x.Rollback(false)
			}
		})
		if !errors.Is(checked, c.want) || fmt.Sprint(checked) != fmt.Sprint(prepared) {
			t.Errorf("%s: Check says %v, Prepare %v", c.name, checked, prepared)
		}
	}
	if got := look(t, dir); len(got) != 2 {
		t.Errorf("left behind: %v", got)
	}
}
