package hook

import (
	"encoding/binary"
	"slices"
)

// spelled is a text with an index, in which values are found as paths of edges.
type spelled struct {
	text []byte
	// index holds, sorted, the first gramSize bytes of each path and its position.
	index []uint64
}

const (
	gramSize = 4
	// maxPaths limits the paths from one position.
	maxPaths = 64
)

func newSpelled(text []byte) *spelled {
	s := &spelled{text: text, index: make([]uint64, 0, len(text))}
	for t := range text {
		if t+gramSize > len(text) {
			break
		}
		if head := text[t : t+gramSize]; !slices.ContainsFunc(head, isSpecial) {
			s.index = append(s.index, uint64(binary.BigEndian.Uint32(head))<<32|uint64(t))
			continue
		}
		left := maxPaths
		s.paths(t, t, nil, &left)
	}
	slices.Sort(s.index)
	return s
}

// paths adds the beginnings of all paths from start that go on at t.
func (s *spelled) paths(start, t int, head []byte, left *int) {
	if len(head) >= gramSize {
		s.index = append(s.index, uint64(binary.BigEndian.Uint32(head))<<32|uint64(start))
		*left--
		return
	}
	if t >= len(s.text) {
		return
	}
	var room [8]edge
	for _, e := range edges(room[:0], s.text, t) {
		if *left <= 0 {
			return
		}
		s.paths(start, e.next, append(head[:len(head):len(head)], e.out[:e.n]...), left)
	}
}

// begins reports whether a path spells the first bytes of v.
func (s *spelled) begins(v []byte) bool { return len(s.starts(v)) > 0 }

// starts returns the index entries at which v may begin.
func (s *spelled) starts(v []byte) []uint64 {
	gram := uint64(binary.BigEndian.Uint32(v)) << 32
	from, _ := slices.BinarySearch(s.index, gram)
	to, _ := slices.BinarySearch(s.index, gram+1<<32)
	if gram == 0xffffffff<<32 {
		to = len(s.index)
	}
	return s.index[from:to]
}

// find calls found for each occurrence of v, whole or cut off by the end of the text.
func (s *spelled) find(v []byte, found func(span)) {
	last := -1
	for _, entry := range s.starts(v) {
		start := int(uint32(entry))
		if start <= last {
			continue // within the last one, or the same by another path
		}
		w := walk{text: s.text, value: v, end: -1}
		if w.from(start, 0); w.end >= 0 {
			found(span{start, w.end})
			last = start
		}
	}
}

// walk looks for the longest path that spells a value.
type walk struct {
	text, value []byte
	end         int             // -1: none
	seen        map[[2]int]bool // where paths met that went apart
}

func (w *walk) from(t, at int) {
	for at < len(w.value) && t < len(w.text) && !isSpecial(w.text[t]) {
		if w.text[t] != w.value[at] {
			return
		}
		t, at = t+1, at+1
	}
	switch {
	case at == len(w.value):
		w.end = max(w.end, t)
		return
	case t == len(w.text):
		if at >= MaskMin {
			w.end = t
		}
		return
	case w.seen[[2]int{t, at}]:
		return
	}
	if w.seen == nil {
		w.seen = map[[2]int]bool{}
	}
	w.seen[[2]int{t, at}] = true
	var room [8]edge
	for _, e := range edges(room[:0], w.text, t) {
		if at+e.n <= len(w.value) && string(e.out[:e.n]) == string(w.value[at:at+e.n]) {
			w.from(e.next, at+e.n)
		}
	}
	if at >= MaskMin && len(w.text)-t < maxEscape && w.text[t] != '"' && w.text[t] != '\'' && w.end < 0 {
		w.end = len(w.text) // an escape that was cut
	}
}

// maxEscape is longer than any escape of one character but the rarest entities.
const maxEscape = 12
