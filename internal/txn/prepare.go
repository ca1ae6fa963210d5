package txn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Prepare journals the names and stages every file beside its destination:
// exclusively, 0600, owner and mode before the bytes, then synced. Nothing is
// visible yet. On error everything staged is removed again; what can be found
// wrong without writing is found before anything is written.
func (d Disk) Prepare(ctx context.Context, j Journal, files []File) (*Txn, error) {
	t, files := d.begin(j, files)
	if err := t.placeAll(files); err != nil {
		t.end()
		return nil, err
	}
	if err := t.save(Prepare, false); err != nil {
		t.end()
		return nil, err
	}
	t.fs.Step("prepare.journaled")
	if err := t.stageAll(ctx); err != nil {
		return nil, errors.Join(err, t.Rollback(false))
	}
	return t, nil
}

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

func (t *Txn) stageAll(ctx context.Context) error {
	if err := t.makeDirs(); err != nil {
		return err
	}
	for _, s := range t.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.stage(s); err != nil {
			return err
		}
		t.fs.Step("prepare.staged")
	}
	return nil
}

// makeDirs makes the missing directories. Those that somebody else made
// meanwhile are struck from the record: they stay.
func (t *Txn) makeDirs() error {
	var made []string
	defer func() { t.rec.Dirs = made }()
	for _, s := range t.files {
		if s.dir != nil {
			continue
		}
		p, err := fsys.Resolve(t.fs, t.disk.Root, s.Dest)
		if err != nil {
			return t.disk.named(s.Dest, err)
		}
		err = t.enter(s, p, &made)
		p.Close()
		if err != nil {
			return err
		}
	}
	if made != nil {
		t.fs.Step("prepare.directories")
	}
	return nil
}

// enter makes what is missing of p, whose every directory will be synced.
func (t *Txn) enter(s *staged, p *fsys.Place, made *[]string) error {
	for len(p.Missing) > 0 {
		if _, err := t.dirs.add(p); err != nil {
			return err
		}
		dir, err := p.MakeDir(0o755)
		if dir != "" {
			*made = append(*made, dir)
		}
		if err != nil {
			return err
		}
	}
	if p.Path() != s.rec.Path {
		return pathError("write", t.disk.Host(s.Dest), ErrInterfered)
	}
	var err error
	if s.dir, err = t.dirs.add(p); err != nil {
		return err
	}
	return t.accept(s)
}

// stage writes the new file beside its destination.
func (t *Txn) stage(s *staged) error {
	name := t.disk.Host(path.Join(s.rec.dir(), s.rec.New))
	fd, err := t.fs.Open(s.dir.fd, s.rec.New, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return pathError("create", name, err)
	}
	t.fs.Step("prepare.created")
	if s.inode, err = t.fs.Stat(fd); err == nil {
		s.rec.NewInode = s.inode.Inode
		err = fill(t.fs, fd, s.inode, s.Data, s.rights())
	}
	if err == nil && !s.dir.trusted {
		s.fd = fd
		return nil
	}
	if _, ok := errors.AsType[*RightsError](err); ok {
		name = t.disk.Host(s.Dest)
	}
	return pathError("write", name, cmp.Or(err, t.fs.Close(fd)))
}

// fill makes a file that was just created complete and durable. Before the
// first byte is in it, nobody has rights to it whom r does not give any.
func fill(f fsys.FS, fd int, st fsys.Stat, data []byte, r rights) error {
	r.ours = true
	if err := f.DropACL(fd); err != nil {
		return fmt.Errorf("remove the inherited ACL: %w", err)
	}
	if _, err := r.set(f, fd, st); err != nil {
		return err
	}
	if err := fsys.WriteAll(f, fd, data); err != nil {
		return err
	}
	return f.Sync(fd)
}
