package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Rollback removes the staged files or, after Commit, restores the old files: content,
// mode, owner and absence. The journal is idle afterwards; pending keeps the hook of this
// transaction pending all the same. Rollback takes no context, because it must not stop
// half-way.
func (t *Txn) Rollback(pending bool) error {
	if t.ended {
		return errEnded
	}
	defer t.end()
	u := undoer{fs: t.fs, j: t.j, live: true}
	var errs []error
	for _, s := range t.files {
		errs = append(errs, t.undo(u, s))
	}
	errs = append(errs, t.dirs.remove(t.rec), t.dirs.sync())
	t.fs.Step("undo.synced")
	if err := errors.Join(errs...); err != nil {
		return err // the journal is unchanged, and Recover tries again
	}
	t.rec = Record{}
	return t.save(Idle, pending)
}

func (t *Txn) undo(u undoer, s *staged) error {
	if s.dir == nil {
		return nil // its directory was never created
	}
	if s.rec.Direct {
		return t.undoDirect(s)
	}
	phase := Prepare
	if s.installed {
		phase = Commit
	}
	out, err := u.file(phase, s.rec, s.dir)
	if out.left != "" {
		return fmt.Errorf("%s was not restored: %s", t.disk.Host(s.Dest), out.left)
	}
	return err
}

// undoDirect restores a file that has no copy on disk, from memory.
func (t *Txn) undoDirect(s *staged) error {
	if !s.installed {
		return nil
	}
	r := rights{mode: s.oldStat.Perm, uid: s.oldStat.UID, gid: s.oldStat.GID, permit: Permit{Mode: true, Owner: true}}
	fd, st, err := openInPlace(t.fs, s.dir, s.rec.base())
	if err == nil {
		err = refill(t.fs, fd, st, s.old, r)
	}
	t.fs.Step("undo.restored")
	return pathError("restore", t.disk.Host(s.Dest), err)
}

// undoer restores single files.
type undoer struct {
	fs fsys.FS
	j  Journal
	// live means that the transaction's own process undoes it, and may replace any file
	// at a destination. After a crash, another program may have put the file there.
	live bool
}

// outcome is the result of undoing one file.
type outcome struct {
	restored bool
	left     string // why it was not restored
}

const (
	leftChanged = "it was changed since"
	leftNoCopy  = "the old file is gone"
	leftDirect  = "no copy of it could be kept in its directory"
	leftNoDir   = "its directory is gone"
	leftUnsafe  = "its directory cannot be reached safely any more"
)

// file undoes the changes of phase to one destination. It may be repeated.
func (u undoer) file(phase Phase, r *FileRecord, dir *openDir) (outcome, error) {
	var out outcome
	var err error
	if r.Direct {
		return u.direct(phase, r, dir), nil
	}
	if phase == Commit {
		out, err = u.setBack(r, dir)
		u.fs.Step("undo.restored")
	}
	if err != nil {
		return out, err // the second name stays, because it is the only copy
	}
	err = removeNames(u.fs, dir.fd, r)
	u.fs.Step("undo.file")
	return out, err
}

// direct reports a Direct file that a crash may have left half written.
func (u undoer) direct(phase Phase, r *FileRecord, dir *openDir) outcome {
	if phase != Commit {
		return outcome{}
	}
	isOld := func(data []byte) bool { same, _ := u.j.Matches(r.OldPrint, data); return same }
	if u.holds(r, dir, isOld) {
		return outcome{}
	}
	return outcome{left: leftDirect}
}

func (u undoer) setBack(r *FileRecord, dir *openDir) (outcome, error) {
	now, err := u.look(r, dir)
	if err != nil {
		return outcome{}, pathError("undo", r.Path, err)
	}
	switch {
	case now.is == isOld:
		return outcome{}, nil
	case now.is == isOther && !u.live:
		return outcome{left: leftChanged}, nil
	case r.Absent && now.is == isGone:
		return outcome{}, nil
	case r.Absent:
		return outcome{restored: true}, pathError("remove", r.Path, u.fs.Unlink(dir.fd, r.base()))
	case !now.haveOld:
		return outcome{left: leftNoCopy}, nil
	case r.InPlace:
		return u.writeBack(r, dir)
	}
	return outcome{restored: true}, pathError("restore", r.Path, u.fs.Rename(dir.fd, r.Old, r.base()))
}

// writeBack restores a file written in place from its copy.
func (u undoer) writeBack(r *FileRecord, dir *openDir) (outcome, error) {
	data, st, err := fsys.ReadFile(u.fs, dir.fd, r.Old, MaxFile)
	if err == nil {
		// The copy has the rights that the file system gave it. The content comes first.
		old := rights{mode: st.Perm, uid: st.UID, gid: st.GID, permit: Permit{Mode: true, Owner: true}}
		var fd int
		if fd, st, err = openInPlace(u.fs, dir, r.base()); err == nil {
			err = refill(u.fs, fd, st, data, old)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return outcome{left: leftNoCopy}, nil
	case errors.Is(err, ErrOthersWrite): // others could not write there when the file was installed
		return outcome{left: leftUnsafe}, nil
	}
	return outcome{restored: true}, pathError("restore", r.Path, err)
}

// The possible contents of a destination.
type what int

const (
	isGone what = iota
	isOld
	isNew
	isOther
)

type sight struct {
	is      what
	haveOld bool // under its second name
}

// look identifies the file at a destination by its second name, by fingerprint, or by
// inode if the key of the fingerprints is lost.
func (u undoer) look(r *FileRecord, dir *openDir) (sight, error) {
	old, haveOld, err := u.stat(dir, r.Old)
	if err != nil {
		return sight{}, err
	}
	dest, exists, err := u.stat(dir, r.base())
	switch {
	case err != nil:
		return sight{}, err
	case !exists:
		return sight{isGone, haveOld}, nil
	case dest.Type != 0:
		return sight{isOther, haveOld}, nil
	case r.InPlace && haveOld && !u.untouched(r, dir, old, dest):
		return sight{isNew, true}, nil // possibly half written
	case r.InPlace && haveOld:
		return sight{isOld, true}, nil
	case haveOld && dest.Same(old):
		return sight{isOld, true}, nil
	}
	is, err := u.compare(r, dir, dest)
	return sight{is, haveOld}, err
}

// untouched reports whether a file to be written in place still has its old content.
func (u undoer) untouched(r *FileRecord, dir *openDir, old, now fsys.Stat) bool {
	if old.Perm != now.Perm || old.UID != now.UID || old.GID != now.GID || old.Size != now.Size {
		return false
	}
	kept, _, errKept := fsys.ReadFile(u.fs, dir.fd, r.Old, MaxFile)
	return errKept == nil && u.holds(r, dir, func(data []byte) bool { return bytes.Equal(kept, data) })
}

// holds reports whether a destination durably has the right content.
func (u undoer) holds(r *FileRecord, dir *openDir, isRight func([]byte) bool) bool {
	data, _, err := fsys.ReadFile(u.fs, dir.fd, r.base(), MaxFile)
	if err != nil || !isRight(data) {
		return false
	}
	fd, _, err := fsys.OpenRegular(u.fs, dir.fd, r.base(), fsys.ReadFlags)
	if err != nil {
		return false
	}
	errSync := u.fs.Sync(fd) // our last write may not be synced
	return u.fs.Close(fd) == nil && errSync == nil
}

func (u undoer) compare(r *FileRecord, dir *openDir, dest fsys.Stat) (what, error) {
	data, _, err := fsys.ReadFile(u.fs, dir.fd, r.base(), MaxFile)
	if err != nil && !errors.Is(err, fsys.ErrTooLarge) {
		return isOther, err
	}
	if err == nil {
		same, known := u.j.Matches(r.NewPrint, data)
		if same {
			return isNew, nil
		}
		if wasOld, _ := u.j.Matches(r.OldPrint, data); wasOld {
			return isOld, nil
		}
		if known {
			return isOther, nil
		}
	}
	switch dest.Inode {
	case r.NewInode:
		return isNew, nil
	case r.OldInode:
		return isOld, nil
	}
	return isOther, nil
}

func (u undoer) stat(dir *openDir, name string) (fsys.Stat, bool, error) {
	st, err := u.fs.StatAt(dir.fd, name)
	if errors.Is(err, fs.ErrNotExist) {
		return st, false, nil
	}
	return st, err == nil, err
}
