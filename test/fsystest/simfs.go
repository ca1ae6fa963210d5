package fsystest

import (
	"io/fs"
	"maps"
	"math"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

var _ fsys.FS = (*Sim)(nil)

// Open implements fsys.FS.
func (s *Sim) Open(dir int, name string, flags int, perm fs.FileMode) (int, error) {
	if dir == fsys.Here && name == "/" {
		return s.open(s.root), nil
	}
	if name == "." {
		n, err := s.dir(dir)
		if err != nil {
			return -1, err
		}
		return s.open(n), nil
	}
	d, n, err := s.lookup(dir, name)
	switch {
	case err == unix.ENOENT && flags&unix.O_CREAT != 0:
		n = s.node(0, perm)
		n.dirty = true
		s.change(change{dir: d, to: name, n: n})
	case err != nil:
		return -1, err
	case flags&unix.O_EXCL != 0:
		return -1, unix.EEXIST
	case n.typ == fs.ModeSymlink:
		return -1, unix.ELOOP
	case flags&unix.O_DIRECTORY != 0 && n.typ != fs.ModeDir:
		return -1, unix.ENOTDIR
	}
	return s.open(n), nil
}

// Close implements fsys.FS.
func (s *Sim) Close(fd int) error {
	if s.fds[fd] == nil {
		return unix.EBADF
	}
	delete(s.fds, fd)
	return nil
}

// Read implements fsys.FS.
func (s *Sim) Read(fd int, p []byte) (int, error) {
	h := s.fds[fd]
	n := copy(p, h.n.data[h.off:])
	h.off += n
	return n, nil
}

// Write implements fsys.FS.
func (s *Sim) Write(fd int, p []byte) (int, error) {
	h := s.fds[fd]
	h.n.data = slices.Concat(h.n.data[:h.off], p, h.n.data[min(h.off+len(p), len(h.n.data)):])
	h.off += len(p)
	s.changes++
	h.n.dirty = true
	return len(p), nil
}

// Truncate implements fsys.FS.
func (s *Sim) Truncate(fd int, size int64) error {
	n := s.fds[fd].n
	s.changes++
	n.data, n.dirty = slices.Clone(n.data[:size]), true
	return nil
}

// Stat implements fsys.FS.
func (s *Sim) Stat(fd int) (fsys.Stat, error) {
	h := s.fds[fd]
	if h == nil {
		return fsys.Stat{}, unix.EBADF
	}
	return h.n.stat(), nil
}

// Chmod implements fsys.FS.
func (s *Sim) Chmod(fd int, perm fs.FileMode) error {
	s.changes++
	s.fds[fd].n.perm, s.fds[fd].n.dirty = perm, true
	return nil
}

// Chown implements fsys.FS.
func (s *Sim) Chown(fd, uid, gid int) error {
	n := s.fds[fd].n
	if uid >= 0 {
		n.uid = uid
	}
	if gid >= 0 {
		n.gid = gid
	}
	s.changes++
	n.dirty = true
	return nil
}

// Sync implements fsys.FS. It keeps no more than POSIX promises: of a file
// not its name, of a directory not the content of its files.
func (s *Sim) Sync(fd int) error {
	n := s.fds[fd].n
	s.changes++
	n.dirty = false
	rest := s.pending[:0:0]
	for _, c := range s.pending {
		if c.dir == n {
			c.apply(n.kept)
		} else {
			rest = append(rest, c)
		}
	}
	s.pending = rest
	return nil
}

// Lock implements fsys.FS: nobody else is there.
func (s *Sim) Lock(int) error { return nil }

// StatAt implements fsys.FS.
func (s *Sim) StatAt(dir int, name string) (fsys.Stat, error) {
	_, n, err := s.lookup(dir, name)
	if err != nil {
		return fsys.Stat{}, err
	}
	return n.stat(), nil
}

// Readlink implements fsys.FS.
func (s *Sim) Readlink(dir int, name string) (string, error) {
	_, n, err := s.lookup(dir, name)
	if err != nil {
		return "", err
	}
	return n.target, nil
}

// Names implements fsys.FS.
func (s *Sim) Names(dir int) ([]string, error) {
	d, err := s.dir(dir)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.names)), nil
}

// Mkdir implements fsys.FS.
func (s *Sim) Mkdir(dir int, name string, perm fs.FileMode) error {
	d, n, err := s.lookup(dir, name)
	if n != nil {
		return unix.EEXIST
	}
	if err != unix.ENOENT {
		return err
	}
	s.change(change{dir: d, to: name, n: s.node(fs.ModeDir, perm)})
	return nil
}

// Link implements fsys.FS.
func (s *Sim) Link(dir int, old, name string) error {
	d, n, err := s.lookup(dir, old)
	if err != nil {
		return err
	}
	if d.names[name] != nil {
		return unix.EEXIST
	}
	s.change(change{dir: d, to: name, n: n})
	return nil
}

// Rename implements fsys.FS. Onto another name of the same file it does
// nothing, as POSIX says.
func (s *Sim) Rename(dir int, old, name string) error {
	d, n, err := s.lookup(dir, old)
	if err != nil || d.names[name] == n {
		return err
	}
	if at := d.names[name]; at != nil && at.typ == fs.ModeDir {
		return unix.EISDIR
	}
	s.change(change{dir: d, from: old, to: name, n: n})
	return nil
}

// Unlink implements fsys.FS.
func (s *Sim) Unlink(dir int, name string) error {
	d, n, err := s.lookup(dir, name)
	if err != nil {
		return err
	}
	if n.typ == fs.ModeDir {
		return unix.EISDIR
	}
	s.change(change{dir: d, from: name})
	return nil
}

// Rmdir implements fsys.FS.
func (s *Sim) Rmdir(dir int, name string) error {
	d, n, err := s.lookup(dir, name)
	if err != nil {
		return err
	}
	if n.typ != fs.ModeDir {
		return unix.ENOTDIR
	}
	if len(n.names) > 0 {
		return unix.ENOTEMPTY
	}
	s.change(change{dir: d, from: name})
	return nil
}

// DropACL implements fsys.FS: there are none.
func (s *Sim) DropACL(int) error { return nil }

// Writable implements fsys.FS: all is.
func (s *Sim) Writable(int, string) error { return nil }

// Traits implements fsys.FS: nothing is mounted.
func (s *Sim) Traits(int, string) (fsys.Traits, error) { return fsys.Traits{}, nil }

// Room implements fsys.FS: for all there is.
func (s *Sim) Room(int) (int64, error) { return math.MaxInt64, nil }

// Memory implements fsys.FS: there are no such files.
func (s *Sim) Memory(string, []byte) (fd int, path string, err error) { return -1, "", unix.ENOSYS }

// InGroup implements fsys.FS: root may.
func (s *Sim) InGroup(int) bool { return true }

// Euid implements fsys.FS: root.
func (s *Sim) Euid() int { return s.uid }

// Step implements fsys.FS.
func (s *Sim) Step(string) {}
