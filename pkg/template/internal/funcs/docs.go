package funcs

import (
	_ "embed"
	"strings"
	"sync"
)

// Doc describes a function, under all of its names. Help, docs/functions.md and lint
// read it.
type Doc struct {
	Group string
	Names string // separated by spaces, the usual one first
	Args  string // the arguments in order; a value from a pipe is the last
	Does  string
	// Example is an action. It can be rendered unless the function sends requests.
	Example string
}

// descriptions has all functions in the order of the manual: groups, and in each the most
// used first. An entry is a line "NAMES: ARGS", an indented line with what the function
// does, and for most an indented line with an example.
//
//go:embed functions.txt
var descriptions string

// Docs returns all descriptions: a test compares them with the table.
var Docs = sync.OnceValue(func() []Doc {
	all := make([]Doc, 0, 256)
	group := ""
	for entry := range strings.SplitSeq(strings.TrimSpace(descriptions), "\n\n") {
		if title, isTitle := strings.CutPrefix(entry, "# "); isTitle {
			group = title
			continue
		}
		lines := strings.Split(entry, "\n\t")
		names, args, _ := strings.Cut(lines[0], ": ")
		all = append(all, Doc{group, names, args, lines[1], strings.Join(lines[2:], "\n")})
	}
	return all
})
