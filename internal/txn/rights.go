package txn

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Permit lists the rights that may differ because a file system cannot set them: FAT has
// no modes; an EFS access point and a user namespace have their own owners.
type Permit struct{ Mode, Owner bool }

// RightsError reports a mode or owner that could not be set.
type RightsError struct {
	What string // "mode" or "owner"
	Want string
	Got  string // what the file system set instead, without an error
	Err  error
}

func (e *RightsError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("set %s %s: %v", e.What, e.Want, e.Err)
	}
	return fmt.Sprintf("set %s %s: the file system set %s", e.What, e.Want, e.Got)
}

// Unwrap returns the cause.
func (e *RightsError) Unwrap() error { return e.Err }

// rights are the mode and owner of a file.
type rights struct {
	mode     fs.FileMode
	uid, gid int // -1: as they are
	permit   Permit
	// ours means that the file was just created, so that its owner must be this user
	// unless uid is set: any other owner could read it.
	ours bool
}

func (f File) rights() rights {
	return rights{mode: f.Mode.Perm(), uid: f.UID, gid: f.GID, permit: f.Permit}
}

// set sets owner and mode of an open file and reads them back, because some file systems
// silently ignore what they cannot store. It sets the owner first, because that clears
// bits of the mode. It skips rights that are already as wanted: only the owner may set a
// mode, and only root an owner.
func (r rights) set(f fsys.FS, fd int, st fsys.Stat) (fsys.Stat, error) {
	before := st
	if r.otherOwner(st) {
		if err := f.Chown(fd, r.uid, r.gid); err != nil && !(r.permit.Owner && cannot(err)) {
			return st, &RightsError{What: "owner", Want: r.owner(), Err: err}
		}
	}
	if r.mode != st.Perm {
		if err := f.Chmod(fd, r.mode); err != nil && !(r.permit.Mode && cannot(err)) {
			return st, &RightsError{What: "mode", Want: fmt.Sprintf("%04o", r.mode), Err: err}
		}
	}
	if r.otherOwner(before) || r.mode != before.Perm {
		var err error
		if st, err = f.Stat(fd); err != nil {
			return st, err
		}
	}
	return st, r.check(f, st)
}

// check returns an error if a file has another mode or owner.
func (r rights) check(f fsys.FS, st fsys.Stat) error {
	got := fmt.Sprintf("%d:%d", st.UID, st.GID)
	switch {
	case r.mode != st.Perm && !r.permit.Mode:
		return &RightsError{What: "mode", Want: fmt.Sprintf("%04o", r.mode), Got: fmt.Sprintf("%04o", st.Perm)}
	case r.permit.Owner:
	case r.otherOwner(st):
		return &RightsError{What: "owner", Want: r.owner(), Got: got}
	case r.ours && r.uid < 0 && st.UID != f.Euid():
		return &RightsError{What: "owner", Want: fmt.Sprint(f.Euid()), Got: got}
	}
	return nil
}

// feasible returns the error of setting the rights of a file that now has the rights
// have.
func (r rights) feasible(f fsys.FS, have fsys.Stat) error {
	euid := f.Euid()
	if euid == 0 {
		return nil
	}
	mine := have.UID == euid
	group := r.gid < 0 || r.gid == have.GID || mine && f.InGroup(r.gid)
	switch {
	case (r.uid >= 0 && r.uid != have.UID || !group) && !r.permit.Owner:
		return &RightsError{What: "owner", Want: r.owner(), Err: unix.EPERM}
	case r.mode != have.Perm && !mine && !r.permit.Mode:
		return &RightsError{What: "mode", Want: fmt.Sprintf("%04o", r.mode), Err: unix.EPERM}
	}
	return nil
}

func (r rights) otherOwner(st fsys.Stat) bool {
	return r.uid >= 0 && r.uid != st.UID || r.gid >= 0 && r.gid != st.GID
}

// owner returns the owner as UID:GID, without an unset part.
func (r rights) owner() string {
	switch {
	case r.gid < 0:
		return fmt.Sprint(r.uid)
	case r.uid < 0:
		return fmt.Sprintf(":%d", r.gid)
	}
	return fmt.Sprintf("%d:%d", r.uid, r.gid)
}

// cannot reports whether a file system refused rights that it cannot store, or the kernel
// refused this user.
func cannot(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EINVAL, unix.EOPNOTSUPP, unix.ENOSYS, unix.EOVERFLOW} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
