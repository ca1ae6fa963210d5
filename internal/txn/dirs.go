package txn

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// openDirs are the directories of a transaction. They stay open from its first step to
// its last, so that renaming one does not redirect it.
type openDirs struct {
	fs   fsys.FS
	list []*openDir
}

type openDir struct {
	fd      int
	path    string
	st      fsys.Stat
	trusted bool // as fsys.ResolvedPath.Trusted
	changed bool // a name in it was made or removed, or may have been
}

// add opens the directory of p once, and returns it. The caller still closes p.
func (s *openDirs) add(p *fsys.ResolvedPath) (*openDir, error) {
	fd, err := p.Open()
	if err != nil {
		return nil, err
	}
	st, err := s.fs.Stat(fd)
	if err != nil {
		_ = s.fs.Close(fd)
		return nil, pathError("stat", p.Dir, err)
	}
	for _, d := range s.list {
		if d.st.Same(st) {
			_ = s.fs.Close(fd)
			return d, nil
		}
	}
	d := &openDir{fd: fd, path: p.Dir, st: st, trusted: p.Trusted()}
	s.list = append(s.list, d)
	return d, nil
}

// sync makes the names in changed directories durable. Syncing others may fail on a
// read-only file system.
func (s *openDirs) sync() error {
	var errs []error
	for _, d := range s.list {
		if !d.changed {
			continue
		}
		errs = append(errs, pathError("sync", d.path, fsys.SyncDir(s.fs, d.fd)))
	}
	return errors.Join(errs...)
}

func (s *openDirs) close() {
	for _, d := range s.list {
		_ = s.fs.Close(d.fd)
	}
	s.list = nil
}

// remove removes the directories that a transaction created, if they are empty, and adds
// their parents, for syncing.
func (s *openDirs) remove(r Record) error {
	var errs []error
	for _, dir := range slices.Backward(r.Dirs) {
		p, err := fsys.OpenDir(s.fs, r.Root, path.Dir(dir))
		if unreachable(err) != "" {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, s.rmdir(p, path.Base(dir)))
		p.Close()
	}
	return errors.Join(errs...)
}

func (s *openDirs) rmdir(p *fsys.ResolvedPath, name string) error {
	dir, err := s.add(p)
	if err != nil {
		return err
	}
	dir.changed = true
	err = s.fs.Rmdir(p.Fd(), name)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), isGoneFrom(s.fs, p.Fd(), name), errors.Is(err, unix.ENOTEMPTY), errors.Is(err, unix.EEXIST), errors.Is(err, unix.ENOTDIR):
		return nil
	}
	return pathError("remove", path.Join(p.Dir, name), err)
}
