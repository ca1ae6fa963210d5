package fsystest

import (
	"io/fs"
	"iter"
	"maps"
	"slices"
)

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
	for name, n := range names {
		out[name] = copyNode(n, copied)
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
