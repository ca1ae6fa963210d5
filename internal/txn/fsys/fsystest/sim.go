package fsystest

import (
	"fmt"
	"io/fs"
	"iter"
	"maps"
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

// Kill returns the file system as the next process finds it: everything is
// there, and still not durable.
func (s *Sim) Kill() *Sim {
	c := &Sim{fds: map[int]*handle{}, uid: s.uid}
	copied := map[*node]*node{nil: nil}
	c.root = copyNode(s.root, copied)
	for n := range copied {
		if n != nil {
			c.inodes = max(c.inodes, n.inode)
		}
	}
	for _, p := range s.pending {
		c.pending = append(c.pending, change{copyNode(p.dir, copied), p.from, p.to, copyNode(p.n, copied)})
	}
	return c
}

func copyNode(n *node, copied map[*node]*node) *node {
	if c, ok := copied[n]; ok {
		return c
	}
	c := *n
	copied[n] = &c
	c.data = slices.Clone(n.data)
	c.names, c.kept = copyNames(n.names, copied), copyNames(n.kept, copied)
	return &c
}

func copyNames(names map[string]*node, copied map[*node]*node) map[string]*node {
	if names == nil {
		return nil
	}
	out := make(map[string]*node, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out[name] = copyNode(names[name], copied)
	}
	return out
}

// PowerCut returns the file system as it is after the power went, when of the
// pending changes those survived for which keep is true.
func (s *Sim) PowerCut(keep func(i int) bool) *Sim {
	c := s.Kill()
	for i, p := range c.pending {
		if keep(i) {
			p.apply(p.dir.kept)
		}
	}
	c.pending = nil
	lose(c.root, map[*node]bool{})
	return c
}

// Settle makes everything durable.
func (s *Sim) Settle() {
	for _, p := range s.pending {
		p.apply(p.dir.kept)
	}
	s.pending = nil
	seen := map[*node]bool{}
	var visit func(*node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n], n.dirty = true, false
		for _, c := range n.names {
			visit(c)
		}
	}
	visit(s.root)
}

// maxSubsets is the number of pending changes up to which every selection of
// them is tried.
const maxSubsets = 10

// Crashes yields what the next process may find: after a kill, and after a
// power cut with every selection of the pending changes (beyond 10 of them:
// every prefix, and every one dropped by itself).
func (s *Sim) Crashes() iter.Seq[*Sim] {
	return func(yield func(*Sim) bool) {
		n := len(s.pending)
		if !yield(s.Kill()) {
			return
		}
		if n > maxSubsets {
			for i := range n + 1 {
				if !yield(s.PowerCut(func(k int) bool { return k < i })) || !yield(s.PowerCut(func(k int) bool { return k != i })) {
					return
				}
			}
			return
		}
		for set := range 1 << n {
			if !yield(s.PowerCut(func(k int) bool { return set>>k&1 == 1 })) {
				return
			}
		}
	}
}

// Key describes the file system, what a power cut would keep of it included.
// Equal keys are equal file systems.
func (s *Sim) Key() string {
	var b strings.Builder
	seen := map[*node]bool{}
	var visit func(*node)
	visit = func(n *node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		fmt.Fprintf(&b, "%d %v %o %v %d %d %v %q %q\n", n.inode, n.typ, n.perm, n.sticky, n.uid, n.gid, n.dirty, n.data, n.target)
		for _, names := range []map[string]*node{n.names, n.kept} {
			for _, name := range slices.Sorted(maps.Keys(names)) {
				fmt.Fprintf(&b, " %q=%d", name, names[name].inode)
			}
			b.WriteString("\n")
			for _, name := range slices.Sorted(maps.Keys(names)) {
				visit(names[name])
			}
		}
	}
	visit(s.root)
	for _, c := range s.pending {
		fmt.Fprintf(&b, "%d %q %q", c.dir.inode, c.from, c.to)
		if c.n != nil {
			fmt.Fprintf(&b, " %d", c.n.inode)
		}
		visit(c.dir)
		visit(c.n)
	}
	return b.String()
}

func lose(n *node, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if n.dirty && n.typ == 0 {
		n.data = []byte(Torn)
	}
	n.dirty = false
	if n.typ == fs.ModeDir {
		n.names = maps.Clone(n.kept)
	}
	for _, c := range n.names {
		lose(c, seen)
	}
}

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
