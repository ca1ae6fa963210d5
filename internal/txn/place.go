package txn

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Check reports all that [Disk.Prepare] would refuse before it writes anything.
func (d Disk) Check(files []File) error {
	t, files := d.begin(NewMemory(), files)
	defer t.end()
	return t.placeAll(files)
}

// begin returns a transaction that knows nothing yet, and the files by the names
// that its disk has for them.
func (d Disk) begin(j Journal, files []File) (*Txn, []File) {
	files = slices.Clone(files)
	settled, _ := d.settle("/") // once, for all of them
	for i, f := range files {
		if settled.Root != d.Root {
			files[i].Dest = d.Host(f.Dest)
		}
	}
	t := &Txn{disk: settled, fs: d.fs(), j: j, rec: Record{Root: settled.Root}}
	t.dirs.fs = t.fs
	t.rec.Files = make([]FileRecord, len(files)) // never grows: staged points into it
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

// place finds out where file i goes, and names what will stand there.
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
	*s.rec = FileRecord{Dest: f.Dest, Path: p.Path(), InPlace: f.InPlace, NewPrint: t.j.Fingerprint(f.Data)}
	for _, other := range t.rec.Files[:i] {
		if other.Path == s.rec.Path {
			return fmt.Errorf("%s and %s: %w", t.disk.Host(other.Dest), t.disk.Host(f.Dest), ErrTwice)
		}
	}
	if err := t.name(s, p.Base); err != nil {
		return err
	}
	if len(p.Missing) > 0 {
		return cmp.Or(t.noteMissing(s, p), t.admit(s, p.Fd(), fsys.Stat{}))
	}
	if s.dir, err = t.dirs.add(p); err != nil {
		return err
	}
	return t.accept(s)
}

func (t *Txn) name(s *staged, base string) (err error) {
	if s.rec.New, err = stagedName(base, newSuffix, t.disk.rand()); err != nil {
		return err
	}
	s.rec.Old, err = stagedName(base, oldSuffix, t.disk.rand())
	return err
}

// noteMissing journals the directories that will be made for s.
func (t *Txn) noteMissing(s *staged, p *fsys.Place) error {
	at := p.Dir
	if !s.CreateDirs {
		return pathError("write", t.disk.Host(s.Dest), fmt.Errorf("%s: %w", t.disk.Host(s.rec.dir()), ErrNoDirectory))
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
	case errors.Is(err, fs.ErrNotExist):
		s.rec.InPlace = false
		return t.admit(s, s.dir.fd, s.dir.st)
	case err != nil:
		return pathError("stat", t.disk.Host(s.Dest), err)
	case st.Type != 0:
		return kindError(t.disk.Host(s.Dest), st)
	case s.rec.InPlace && !s.dir.trusted:
		return pathError("write in place", t.disk.Host(s.Dest), ErrOthersWrite)
	case s.rec.InPlace:
		err = cmp.Or(t.fs.Writable(s.dir.fd, s.rec.base()), s.rights().feasible(t.fs, st))
	case t.isMounted(s):
		err = ErrMountPoint
	}
	if err != nil {
		return pathError("replace", t.disk.Host(s.Dest), err)
	}
	return t.admit(s, s.dir.fd, s.dir.st)
}

// isMounted reports that a destination is itself a mount point.
func (t *Txn) isMounted(s *staged) bool {
	of, errOf := t.fs.Mount(s.dir.fd, s.rec.base())
	in, errIn := t.fs.Mount(s.dir.fd, ".")
	return errOf == nil && errIn == nil && of != in
}

// admit reports why no file like s could be made in the directory, of which st
// is known unless it lies above directories that will be made.
func (t *Txn) admit(s *staged, dir int, st fsys.Stat) error {
	made := fsys.Stat{UID: t.fs.Euid(), GID: -1, Perm: s.Mode.Perm()}
	if st.SetGID {
		made.GID = st.GID
	}
	err := cmp.Or(t.fs.Writable(dir, "."), s.rights().feasible(t.fs, made))
	return pathError("write", t.disk.Host(s.Dest), err)
}
