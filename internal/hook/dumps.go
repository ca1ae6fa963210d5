package hook

import (
	"bytes"
	"encoding/hex"
	"iter"
	"regexp"
	"sync"
)

// dump is what a text has of the rows of hexdump, xxd and od, which print an offset,
// bytes in hex, and often the same bytes as text.
type dump struct {
	data []byte
	row  []span // by byte of data: the line that it is on
}

// dumpRow matches a line: its offset, its groups of digits, and what follows them.
var dumpRow = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*[0-9a-fA-F]{6,16}:?[ \t]+((?:[0-9a-fA-F]{2}){1,8}(?: {1,2}(?:[0-9a-fA-F]{2}){1,8})*)[ \t]*(?:$|[ \t].*$)`)
})

// readDumps reads the rows in text twice: hexdump and od swap the bytes of each group,
// unless they are told otherwise.
func readDumps(text []byte) []dump {
	var plain, swapped dump
	for _, m := range dumpRow().FindAllSubmatchIndex(text, -1) {
		for group := range bytes.FieldsSeq(text[m[2]:m[3]]) {
			data, _ := hex.DecodeString(string(group)) // an even number of digits
			for i, b := range data {
				plain.data, swapped.data = append(plain.data, b), append(swapped.data, data[len(data)-1-i])
				plain.row = append(plain.row, span{m[0], m[1]})
			}
		}
	}
	if plain.data == nil {
		return nil
	}
	swapped.row = plain.row
	return []dump{plain, swapped}
}

// find calls found with the rows of each place where v is.
func (d dump) find(v []byte, found func(span)) {
	if len(v) < MaskMin {
		return
	}
	for at := range occurrences(d.data, v) {
		found(span{d.row[at].start, d.row[at+len(v)-1].end})
	}
}

// occurrences yields where v is in text.
func occurrences(text, v []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; ; at += len(v) {
			i := bytes.Index(text[at:], v)
			if i < 0 || !yield(at+i) {
				return
			}
			at += i
		}
	}
}
