package txn

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Check returns all errors that [Disk.Prepare] would return before it writes anything.
func (d Disk) Check(files []File) error {
	t, files := d.begin(NewMemory(), files)
	defer t.end()
	return t.placeAll(files)
}

// begin returns an empty transaction, and the files by their names on its disk.
func (d Disk) begin(j Journal, files []File) (*Txn, []File) {
	files = slices.Clone(files)
	located, _ := d.locate("/") // locate the root once for all files
	for i, f := range files {
		if located.Root != d.Root {
			files[i].Dest = d.Host(f.Dest)
		}
	}
	t := &Txn{disk: located, fs: d.fs(), j: j, rec: Record{Root: located.Root}, dests: map[string]*staged{}}
	t.dirs.fs = t.fs
	t.rec.Files = make([]FileRecord, len(files)) // it must not grow, because staged points into it
	t.given = d
	return t, files
}

func (t *Txn) placeAll(files []File) error {
	var errs []error
	for i, f := range files {
		errs = append(errs, t.place(i, f))
	}
	return errors.Join(errs...)
}

// place resolves the destination of file i and chooses the names beside it.
func (t *Txn) place(i int, f File) error {
	if len(f.Data) > MaxFile {
		return pathError("write", t.disk.Host(f.Dest), fsys.ErrTooLarge)
	}
	p, err := fsys.Resolve(t.fs, t.disk.Root, f.Dest)
	if err != nil {
		return t.disk.named(f.Dest, err)
	}
	defer p.Close()
	s := &staged{File: f, rec: &t.rec.Files[i], fd: -1}
	t.files = append(t.files, s)
	t.dests[t.disk.Host(f.Dest)] = s
	*s.rec = FileRecord{Dest: f.Dest, Path: p.Path(), InPlace: f.InPlace, Remove: f.Remove}
	if !f.Remove {
		s.rec.NewPrint = t.j.Fingerprint(f.Data)
	}
	for _, other := range t.rec.Files[:i] {
		if other.Path == s.rec.Path {
			return fmt.Errorf("%s and %s: %w", t.disk.Host(other.Dest), t.disk.Host(f.Dest), ErrTwice)
		}
	}
	if err := t.name(s, p.Base); err != nil {
		return err
	}
	if len(p.Missing) > 0 && f.Remove {
		return pathError("remove", t.disk.Host(f.Dest), fs.ErrNotExist)
	}
	if len(p.Missing) > 0 {
		return cmp.Or(t.noteMissing(s, p), t.admit(s, p.Fd(), fsys.Stat{}), t.fits(s, p.Fd()))
	}
	if s.dir, err = t.dirs.add(p); err != nil {
		return err
	}
	return cmp.Or(t.accept(s), t.fits(s, s.dir.fd))
}

func (t *Txn) name(s *staged, base string) (err error) {
	suffix := newSuffix
	if s.Checked {
		suffix += extension(base)
	}
	if s.rec.New, err = stagedName(base, suffix, t.disk.rand()); err != nil {
		return err
	}
	s.rec.Old, err = stagedName(base, oldSuffix, t.disk.rand())
	return err
}

// noteMissing adds the directories to the record that will be created for s.
func (t *Txn) noteMissing(s *staged, p *fsys.ResolvedPath) error {
	at := p.Dir
	if !s.CreateDirs {
		return pathError("write", t.shown(s), fmt.Errorf("%s: %w", t.disk.Host(s.rec.dir()), ErrNoDirectory))
	}
	for _, name := range p.Missing {
		if at = path.Join(at, name); !slices.Contains(t.rec.Dirs, at) {
			t.rec.Dirs = append(t.rec.Dirs, at)
		}
	}
	return nil
}

// accept refuses a destination that cannot be replaced.
func (t *Txn) accept(s *staged) error {
	st, err := t.fs.StatAt(s.dir.fd, s.rec.base())
	switch {
	case s.Remove && err == nil && st.Type == 0:
		return pathError("remove", t.shown(s), cmp.Or(t.replaceable(s, st), t.removable(s)))
	case s.Remove && err != nil:
		return pathError("remove", t.shown(s), err)
	case errors.Is(err, fs.ErrNotExist):
		s.rec.InPlace = false
		return t.admit(s, s.dir.fd, s.dir.st)
	case err != nil:
		return pathError("stat", t.shown(s), err)
	case st.Type != 0:
		return kindError(t.disk.Host(s.Dest), st)
	case s.rec.InPlace && !s.dir.trusted:
		return pathError("write in place", t.shown(s), ErrOthersWrite)
	case s.rec.InPlace:
		return t.acceptInPlace(s, st)
	}
	if err := t.replaceable(s, st); err != nil {
		return pathError("replace", t.shown(s), err)
	}
	return t.admit(s, s.dir.fd, s.dir.st)
}

// acceptInPlace refuses a file that cannot be written, and checks whether a copy can be
// made beside it.
func (t *Txn) acceptInPlace(s *staged, st fsys.Stat) error {
	err := cmp.Or(t.fs.Writable(s.dir.fd, s.rec.base()), s.rights().feasible(t.fs, st))
	if own, errOwn := t.fs.Traits(s.dir.fd, s.rec.base()); errOwn == nil && own.Fixed {
		err = ErrFixed
	}
	if err != nil {
		return pathError("write in place", t.shown(s), err)
	}
	s.rec.Direct = t.admit(s, s.dir.fd, s.dir.st) != nil
	return nil
}

// replaceable returns the error of renaming a file over the destination of s.
func (t *Txn) replaceable(s *staged, st fsys.Stat) error {
	own, errOwn := t.fs.Traits(s.dir.fd, s.rec.base())
	in, errIn := t.fs.Traits(s.dir.fd, ".")
	euid := t.fs.Euid()
	switch {
	case errOwn == nil && errIn == nil && own.Mount != in.Mount:
		return ErrMountPoint
	case errOwn == nil && own.Fixed:
		return ErrFixed
	case s.dir.st.Sticky && euid != 0 && st.UID != euid && s.dir.st.UID != euid:
		return fmt.Errorf("belongs to another user, in a directory with the sticky bit: %w", unix.EPERM)
	}
	return nil
}

// removable returns the error of removing a name from the directory of s.
func (t *Txn) removable(s *staged) error {
	err := t.fs.Writable(s.dir.fd, ".")
	if in, errIn := t.fs.Traits(s.dir.fd, "."); err == nil && errIn == nil && in.Fixed {
		err = fmt.Errorf("its directory %w", ErrFixed)
	}
	return err
}

// admit returns the error of creating s in the directory. st describes the directory, or
// is zero if directories will be created below it.
func (t *Txn) admit(s *staged, dir int, st fsys.Stat) error {
	made := fsys.Stat{UID: t.fs.Euid(), GID: -1, Perm: s.Mode.Perm()}
	if st.SetGID {
		made.GID = st.GID
	}
	err := t.fs.Writable(dir, ".")
	if in, errIn := t.fs.Traits(dir, "."); err == nil && errIn == nil && in.Fixed {
		err = fmt.Errorf("its directory %w", ErrFixed)
	}
	if err == nil && !s.rec.InPlace {
		err = s.rights().feasible(t.fs, made)
	}
	return pathError("write", t.shown(s), err)
}

// fits returns an error if the directory's file system has no room for s and the files
// that were placed before it.
func (t *Txn) fits(s *staged, dir int) error {
	free, err := t.fs.Room(dir)
	if errors.Is(err, fsys.ErrKernelFS) {
		return pathError("write", t.shown(s), err)
	}
	st, errStat := t.fs.Stat(dir)
	if err != nil || errStat != nil || s.rec.Direct || len(s.Data) == 0 {
		return nil //nolint:nilerr // writing will tell
	}
	if t.need == nil {
		t.need = map[uint64]int64{}
	}
	if t.need[st.Dev] += int64(len(s.Data)); t.need[st.Dev] > free {
		return pathError("write", t.shown(s), unix.ENOSPC)
	}
	return nil
}
