package txn

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Commit gives the old files second names, changes the journal to commit with the hook
// pending or not, and installs every file. ctx is ignored from the first installed file
// on. On error Commit restores the old files. If that fails too, the error includes it,
// and Recover finishes it.
func (t *Txn) Commit(ctx context.Context, pending bool) error {
	if t.ended || t.rec.Phase != Prepare {
		return errEnded
	}
	if err := t.commit(ctx, pending); err != nil {
		return errors.Join(err, t.Rollback(false))
	}
	return nil
}

func (t *Txn) commit(ctx context.Context, pending bool) error {
	for _, s := range t.files {
		if err := t.keepOld(s); err != nil {
			return err
		}
		t.fs.Step("commit.kept")
	}
	if err := t.dirs.sync(); err != nil {
		return err
	}
	t.fs.Step("commit.synced")
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.save(Commit, pending); err != nil {
		return err
	}
	t.fs.Step("commit.journaled")
	for _, s := range t.files {
		if err := t.install(s); err != nil {
			return err
		}
		t.fs.Step("commit.installed")
	}
	if err := t.dirs.sync(); err != nil {
		return err
	}
	t.fs.Step("commit.done")
	return nil
}

// keepOld gives the existing destination a second name. It copies the file instead if it
// is written in place, or if hard links are refused (FAT, some of FUSE; files of other
// users under fs.protected_hardlinks).
func (t *Txn) keepOld(s *staged) error {
	switch {
	case s.rec.Direct:
		return t.rememberOld(s)
	case s.rec.InPlace:
		return t.copyOld(s)
	}
	s.dir.changed = true
	err := t.fs.Link(s.dir.fd, s.rec.base(), s.rec.Old)
	switch {
	case err == nil:
		return t.noteOld(s)
	case errors.Is(err, fs.ErrNotExist):
		s.rec.Absent = true
		return nil
	case errors.Is(err, unix.EXDEV):
		return pathError("replace", t.shown(s), ErrMountPoint)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EMLINK):
		return t.copyOld(s)
	}
	return pathError("link", t.shown(s), err)
}

// noteOld records inode and fingerprint of the old file under its second name, because
// nobody replaces the file there.
func (t *Txn) noteOld(s *staged) error {
	data, st, err := fsys.ReadFile(t.fs, s.dir.fd, s.rec.Old, MaxFile)
	if st.Type != 0 {
		return kindError(t.disk.Host(s.Dest), st)
	}
	s.rec.OldInode = st.Inode
	if errors.Is(err, fsys.ErrTooLarge) {
		return nil // the inode is enough
	}
	s.rec.OldPrint = t.j.Fingerprint(data)
	return pathError("read", t.shown(s), err)
}

// rememberOld reads the destination, so that Rollback can restore it.
func (t *Txn) rememberOld(s *staged) (err error) {
	s.old, s.oldStat, err = fsys.ReadFile(t.fs, s.dir.fd, s.rec.base(), MaxFile)
	if s.oldStat.Type != 0 {
		return kindError(t.disk.Host(s.Dest), s.oldStat)
	}
	s.rec.OldInode, s.rec.OldPrint = s.oldStat.Inode, t.j.Fingerprint(s.old)
	return pathError("copy", t.shown(s), err)
}

// copyOld copies the destination with its mode and, as root, its owner. Other users
// cannot give files away, although they can replace a file of another user in a directory
// of their own.
func (t *Txn) copyOld(s *staged) error {
	if err := t.rememberOld(s); err != nil {
		return err
	}
	data, st := s.old, s.oldStat
	s.old = nil
	permit := s.Permit
	permit.Owner = permit.Owner || t.fs.Euid() != 0
	name := t.disk.Host(path.Join(s.rec.dir(), s.rec.Old))
	fd, err := t.fs.Open(s.dir.fd, s.rec.Old, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return pathError("create", name, err)
	}
	made, err := t.fs.Stat(fd)
	if err == nil {
		err = fill(t.fs, fd, made, data, rights{mode: st.Perm, uid: st.UID, gid: st.GID, permit: permit})
	}
	return pathError("copy to", name, cmp.Or(err, t.fs.Close(fd)))
}

// install replaces the destination with the staged file, or removes it.
func (t *Txn) install(s *staged) error {
	if s.Remove {
		return t.remove(s)
	}
	if s.rec.InPlace {
		fd, st, err := openInPlace(t.fs, s.dir, s.rec.base())
		if err == nil {
			s.installed = true // a failed write may have changed it
			err = refill(t.fs, fd, st, s.Data, s.rights())
		}
		return pathError("write in place", t.shown(s), err)
	}
	st, err := t.fs.StatAt(s.dir.fd, s.rec.New)
	if err != nil || !st.Same(s.inode) {
		return pathError("install", t.shown(s), cmp.Or(err, ErrInterfered))
	}
	err = t.fs.Rename(s.dir.fd, s.rec.New, s.rec.base())
	if errors.Is(err, unix.EBUSY) {
		err = ErrMountPoint
	}
	s.installed = err == nil
	return pathError("replace", t.shown(s), err)
}

// remove removes the destination if it is still the file that has the second name.
func (t *Txn) remove(s *staged) error {
	st, err := t.fs.StatAt(s.dir.fd, s.rec.base())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && (st.Type != 0 || st.Inode != s.rec.OldInode):
		err = ErrInterfered
	case err == nil:
		err = t.fs.Unlink(s.dir.fd, s.rec.base())
		s.installed = err == nil
	}
	return pathError("remove", t.shown(s), err)
}

// openInPlace opens an existing file for [refill].
func openInPlace(f fsys.FS, dir *openDir, name string) (int, fsys.Stat, error) {
	if !dir.trusted {
		return -1, fsys.Stat{}, ErrOthersWrite
	}
	return fsys.OpenRegular(f, dir.fd, name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// refill writes data over the content of an open file and closes it. It reuses the
// file's blocks, so that the old content can be restored on a full disk.
func refill(f fsys.FS, fd int, st fsys.Stat, data []byte, r rights) error {
	_, err := r.set(f, fd, st)
	if err == nil {
		err = fsys.WriteAll(f, fd, data)
	}
	if err == nil {
		err = f.Truncate(fd, int64(len(data)))
	}
	if err == nil {
		err = f.Sync(fd)
	}
	return cmp.Or(err, f.Close(fd))
}

// Done removes the old files. The journal stays in phase done, with the hook pending as
// at Commit, until the caller has run the hook and journals idle. After an error the
// caller does neither: either the old files are restored, or the new files are in place,
// and the next run removes the leftovers and runs the hook.
func (t *Txn) Done() error {
	if t.ended || t.rec.Phase != Commit {
		return errEnded
	}
	if err := t.save(Done, t.rec.HookPending); err != nil {
		return errors.Join(err, t.Rollback(false))
	}
	t.fs.Step("done.journaled")
	defer t.end()
	var errs []error
	for _, s := range t.files {
		errs = append(errs, removeNames(t.fs, s.dir.fd, s.rec))
		t.fs.Step("done.removed")
	}
	errs = append(errs, t.dirs.sync())
	t.fs.Step("done.synced")
	return errors.Join(errs...)
}

// removeNames removes the staged file and the second name beside a destination, but no
// directory of that name, which a transaction never creates.
func removeNames(f fsys.FS, dir int, r *FileRecord) error {
	var errs []error
	for _, name := range []string{r.New, r.Old} {
		err := f.Unlink(dir, name)
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.EISDIR) || isGoneFrom(f, dir, name) {
			continue
		}
		errs = append(errs, pathError("remove", path.Join(r.dir(), name), err))
	}
	return errors.Join(errs...)
}

// isGoneFrom reports whether a name does not exist. A read-only file system returns EROFS
// for the removal of a missing name too.
func isGoneFrom(f fsys.FS, dir int, name string) bool {
	_, err := f.StatAt(dir, name)
	return errors.Is(err, fs.ErrNotExist)
}
