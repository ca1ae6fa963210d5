package fsystest

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// Torn is what a file holds whose content was not synced before the power
// went.
const Torn = "<torn>"

// Sim is a file system in memory that knows what a power cut would keep: the
// content of a file as of its last sync, and of the names made, moved and
// removed in a directory since its last sync any selection. It has no
// permissions. It is for one goroutine at a time.
type Sim struct {
	root    *node
	inodes  uint64 // the last number given out
	changes int
	fds     map[int]*handle
	pending []change
	uid     int
}

type node struct {
	inode    uint64
	typ      fs.FileMode
	perm     fs.FileMode
	sticky   bool
	uid, gid int
	data     []byte
	target   string
	names    map[string]*node // now
	kept     map[string]*node // after a power cut without the pending changes
	dirty    bool             // content or metadata not synced
}

type handle struct {
	n   *node
	off int
}

// change is one change of the names in a directory, all or nothing.
type change struct {
	dir      *node
	from, to string // from: removed; to: set to n
	n        *node
}

func (c change) apply(names map[string]*node) {
	if c.from != "" && (c.n == nil || names[c.from] == c.n) {
		delete(names, c.from)
	}
	if c.to != "" {
		names[c.to] = c.n
	}
}

// NewSim returns a file system with the given directories, all of root's,
// mode 0755.
func NewSim(dirs ...string) *Sim {
	s := &Sim{fds: map[int]*handle{}}
	s.root = s.node(fs.ModeDir, 0o755)
	for _, d := range dirs {
		n := s.root
		for _, name := range split(d) {
			if n.names[name] == nil {
				n.names[name] = s.node(fs.ModeDir, 0o755)
				n.kept[name] = n.names[name]
			}
			n = n.names[name]
		}
	}
	return s
}

func split(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" })
}

func (s *Sim) node(typ, perm fs.FileMode) *node {
	s.inodes++
	n := &node{inode: s.inodes, typ: typ, perm: perm, uid: s.uid, gid: s.uid}
	if typ == fs.ModeDir {
		n.names, n.kept = map[string]*node{}, map[string]*node{}
	}
	return n
}

// Put makes a file that is already durable. The directory exists.
func (s *Sim) Put(name, content string, perm fs.FileMode, uid, gid int) {
	dir := s.find(path.Dir(name))
	n := s.node(0, perm)
	n.data, n.uid, n.gid = []byte(content), uid, gid
	dir.names[path.Base(name)], dir.kept[path.Base(name)] = n, n
}

func (s *Sim) find(name string) *node {
	n := s.root
	for _, part := range split(name) {
		if n = n.names[part]; n == nil {
			return nil
		}
	}
	return n
}

// Entry is what [Sim.Walk] shows of one file or directory.
type Entry struct {
	Dir      bool
	Content  string
	Perm     fs.FileMode
	UID, GID int
}

// Walk returns all files and directories by path.
func (s *Sim) Walk() map[string]Entry {
	out := map[string]Entry{}
	var visit func(string, *node)
	visit = func(at string, n *node) {
		for name, c := range n.names {
			p := path.Join(at, name)
			out[p] = Entry{c.typ == fs.ModeDir, string(c.data), c.perm, c.uid, c.gid}
			visit(p, c)
		}
	}
	visit("/", s.root)
	return out
}

// Changes counts the changes made, durable or not.
func (s *Sim) Changes() int { return s.changes }

// Pending is how many changes of names a power cut may drop, each by itself.
func (s *Sim) Pending() int { return len(s.pending) }

func (s *Sim) open(n *node) int {
	fd := 3
	for s.fds[fd] != nil {
		fd++
	}
	s.fds[fd] = &handle{n: n}
	return fd
}

// OpenFiles is how many descriptors are open: a leak shows.
func (s *Sim) OpenFiles() int { return len(s.fds) }

func (s *Sim) dir(fd int) (*node, error) {
	h := s.fds[fd]
	if h == nil {
		return nil, unix.EBADF
	}
	if h.n.typ != fs.ModeDir {
		return nil, unix.ENOTDIR
	}
	return h.n, nil
}

func (s *Sim) lookup(dir int, name string) (d, n *node, err error) {
	if d, err = s.dir(dir); err != nil {
		return nil, nil, err
	}
	if len(name) > 255 {
		return nil, nil, unix.ENAMETOOLONG
	}
	if n = d.names[name]; n == nil {
		return d, nil, unix.ENOENT
	}
	return d, n, nil
}

func (s *Sim) change(c change) {
	s.changes++
	c.apply(c.dir.names)
	s.pending = append(s.pending, c)
}

// Stat of n.
func (n *node) stat() fsys.Stat {
	return fsys.Stat{
		Dev: 1, Inode: n.inode, Links: 1, Type: n.typ, Perm: n.perm, Sticky: n.sticky,
		UID: n.uid, GID: n.gid, Size: int64(len(n.data)),
	}
}
