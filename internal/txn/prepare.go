package txn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Prepare writes the names to the journal and stages every file beside its destination:
// created exclusively with mode 0600, then owner and mode, then the content, then synced.
// The destinations do not change yet. On error all staged files are removed again. Errors
// that are known without writing are returned before anything is written.
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

// makeDirs creates the missing directories. Directories that another program created
// meanwhile are removed from the record, so that they stay.
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

// enter creates the missing directories of p.
func (t *Txn) enter(s *staged, p *fsys.ResolvedPath, made *[]string) error {
	for len(p.Missing) > 0 {
		parent, err := t.dirs.add(p)
		if err != nil {
			return err
		}
		dir, err := p.MakeDir(0o755)
		if dir != "" {
			parent.changed = true
			*made = append(*made, dir)
		}
		if err != nil {
			return err
		}
	}
	if p.Path() != s.rec.Path {
		return pathError("write", t.shown(s), ErrInterfered)
	}
	var err error
	if s.dir, err = t.dirs.add(p); err != nil {
		return err
	}
	return t.accept(s)
}

// stage writes the new file beside its destination.
func (t *Txn) stage(s *staged) error {
	if s.Remove {
		return nil
	}
	if s.rec.Direct {
		return t.stageInMemory(s)
	}
	name := t.disk.Host(path.Join(s.rec.dir(), s.rec.New))
	fd, err := t.fs.Open(s.dir.fd, s.rec.New, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return pathError("create", name, err)
	}
	s.dir.changed = true
	t.fs.Step("prepare.created")
	if s.inode, err = t.fs.Stat(fd); err == nil {
		s.rec.NewInode = s.inode.Inode
		err = fill(t.fs, fd, s.inode, s.Data, s.stagedRights())
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

// stageInMemory creates the staged file in memory, for a check of a file in a directory
// that cannot be written.
func (t *Txn) stageInMemory(s *staged) (err error) {
	if !s.Checked {
		return nil
	}
	s.fd, s.memory, err = t.fs.Memory(s.rec.base(), s.Data)
	return pathError("stage in memory", t.shown(s), err)
}

// stagedRights returns the rights of the staged file: those that the destination will
// have, unless the destination itself stays.
func (s *staged) stagedRights() rights {
	if s.rec.InPlace {
		return rights{mode: 0o600, uid: -1, gid: -1, permit: s.Permit}
	}
	return s.rights()
}

// fill completes a file that was just created and syncs it. It sets the rights before
// it writes the first byte.
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
