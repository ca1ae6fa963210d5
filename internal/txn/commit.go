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

// Commit keeps the old files under second names, journals that the change is
// under way (and, where owes, that the hook is owed), and installs every file.
// ctx counts until the first of them. On error the old files are back; where
// that failed too the error says so, and Recover finishes it.
func (t *Txn) Commit(ctx context.Context, owes bool) error {
	if t.ended || t.rec.Phase != Prepare {
		return errEnded
	}
	if err := t.commit(ctx, owes); err != nil {
		return errors.Join(err, t.Rollback(false))
	}
	return nil
}

func (t *Txn) commit(ctx context.Context, owes bool) error {
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
	if err := t.save(Commit, owes); err != nil {
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

// keepOld gives the file that stands at the destination a second name, or
// makes a copy: where it is written in place, and where hard links are refused
// (FAT, some of FUSE; files of others under fs.protected_hardlinks).
func (t *Txn) keepOld(s *staged) error {
	switch {
	case s.rec.Direct:
		return t.rememberOld(s)
	case s.rec.InPlace:
		return t.copyOld(s)
	}
	err := t.fs.Link(s.dir.fd, s.rec.base(), s.rec.Old)
	switch {
	case err == nil:
		return t.noteOld(s)
	case errors.Is(err, fs.ErrNotExist):
		s.rec.Absent = true
		return nil
	case errors.Is(err, unix.EXDEV):
		return pathError("replace", t.disk.Host(s.Dest), ErrMountPoint)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EMLINK):
		return t.copyOld(s)
	}
	return pathError("link", t.disk.Host(s.Dest), err)
}

// noteOld records what the old file is, now that it cannot be swapped any more.
func (t *Txn) noteOld(s *staged) error {
	data, st, err := fsys.ReadFile(t.fs, s.dir.fd, s.rec.Old, MaxFile)
	if st.Type != 0 {
		return kindError(t.disk.Host(s.Dest), st)
	}
	s.rec.OldInode = st.Inode
	if errors.Is(err, fsys.ErrTooLarge) {
		return nil // the inode will do
	}
	s.rec.OldPrint = t.j.Fingerprint(data)
	return pathError("read", t.disk.Host(s.Dest), err)
}

// rememberOld reads the destination, so that Rollback can restore it.
func (t *Txn) rememberOld(s *staged) (err error) {
	s.old, s.oldStat, err = fsys.ReadFile(t.fs, s.dir.fd, s.rec.base(), MaxFile)
	if s.oldStat.Type != 0 {
		return kindError(t.disk.Host(s.Dest), s.oldStat)
	}
	s.rec.OldInode, s.rec.OldPrint = s.oldStat.Inode, t.j.Fingerprint(s.old)
	return pathError("copy", t.disk.Host(s.Dest), err)
}

// copyOld copies the destination with its mode and, as root, its owner. A plain user
// may replace a file of somebody else in a directory of his own, but give none away.
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

// install makes the destination the staged file.
func (t *Txn) install(s *staged) error {
	if s.rec.InPlace {
		fd, st, err := openInPlace(t.fs, s.dir, s.rec.base())
		if err == nil {
			s.installed = true // a failed write too has changed it
			err = refill(t.fs, fd, st, s.Data, s.rights())
		}
		return pathError("write in place", t.disk.Host(s.Dest), err)
	}
	st, err := t.fs.StatAt(s.dir.fd, s.rec.New)
	if err != nil || !st.Same(s.inode) {
		return pathError("install", t.disk.Host(s.Dest), cmp.Or(err, ErrInterfered))
	}
	err = t.fs.Rename(s.dir.fd, s.rec.New, s.rec.base())
	if errors.Is(err, unix.EBUSY) {
		err = ErrMountPoint
	}
	s.installed = err == nil
	return pathError("replace", t.disk.Host(s.Dest), err)
}

// openInPlace opens an existing file for [refill].
func openInPlace(f fsys.FS, dir *openDir, name string) (int, fsys.Stat, error) {
	if !dir.trusted {
		return -1, fsys.Stat{}, ErrOthersWrite
	}
	return fsys.OpenRegular(f, dir.fd, name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
}

// refill writes data over an open file and closes it. What it can do without new
// blocks it does without: the old content must fit back in on a full disk.
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

// Done gives the old files up. The journal says done, and owed as at Commit,
// until the caller has seen to the hook and journals idle. After an error the
// caller does neither: either the old files are back, or the new ones stand
// and the next run removes what is left and pays the hook.
func (t *Txn) Done() error {
	if t.ended || t.rec.Phase != Commit {
		return errEnded
	}
	owed := t.rec.Owed
	if err := t.save(Done, owed); err != nil {
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

// removeNames removes our names beside a destination. A directory there is
// not ours.
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

// isGoneFrom reports that a name is not there. A read-only file system refuses to
// remove it before it looks.
func isGoneFrom(f fsys.FS, dir int, name string) bool {
	_, err := f.StatAt(dir, name)
	return errors.Is(err, fs.ErrNotExist)
}
