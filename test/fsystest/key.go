package fsystest

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
)

// Key describes the file system, what a power cut would keep of it included.
// Equal keys are equal file systems.
func (s *Sim) Key() string {
	k := keyer{seen: map[*node]bool{}}
	k.node(s.root)
	for _, c := range s.pending {
		k.int(c.dir.inode)
		k.str(c.from)
		k.str(c.to)
		if c.n != nil {
			k.int(c.n.inode)
		}
		k.node(c.dir)
		k.node(c.n)
	}
	return string(k.b)
}

// keyer writes nodes down, each once; names and lengths keep them apart.
type keyer struct {
	b    []byte
	seen map[*node]bool
}

func (k *keyer) int(n uint64) { k.b = binary.AppendUvarint(k.b, n) }

func (k *keyer) str(s string) {
	k.int(uint64(len(s)))
	k.b = append(k.b, s...)
}

func (k *keyer) node(n *node) {
	if n == nil || k.seen[n] {
		return
	}
	k.seen[n] = true
	for _, v := range []uint64{n.inode, uint64(n.typ), uint64(n.perm), uint64(n.uid), uint64(n.gid)} {
		k.int(v)
	}
	k.b = strconv.AppendBool(strconv.AppendBool(k.b, n.dirty), n.sticky)
	k.str(string(n.data))
	k.str(n.target)
	for _, names := range []map[string]*node{n.names, n.kept} {
		sorted := slices.Sorted(maps.Keys(names))
		k.int(uint64(len(sorted)))
		for _, name := range sorted {
			k.str(name)
			k.int(names[name].inode)
		}
		for _, name := range sorted {
			k.node(names[name])
		}
	}
}
