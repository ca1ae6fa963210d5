package template

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// meant returns what to write for an unknown name: a function whose name differs in case
// alone, what another program's function of the name is here, or a function with a similar
// name. It returns "" if there is nothing of the kind.
func meant(name string, functions []string) string {
	for _, f := range functions {
		if strings.EqualFold(f, name) {
			return f
		}
	}
	for peer, ours := range peerFunctions() {
		if strings.EqualFold(peer, name) {
			return ours
		}
	}
	if bare, ok := strings.CutPrefix(name, "sprig_"); ok { // consul-template
		return meant(bare, functions)
	}
	return similar(name, functions)
}

// suggestion is the end of a message about an unknown function.
func suggestion(name string, functions []string) string {
	switch m := meant(name, functions); {
	case m == "":
		return ""
	case strings.Contains(m, " "):
		return ": here it is " + m
	default:
		return ": did you mean " + m + "?"
	}
}

// member returns the function of a namespace that a line of a template calls, such as
// base64.Decode, or the namespace alone.
func member(line, namespace string) string {
	called := regexp.MustCompile(`\b` + regexp.QuoteMeta(namespace) + `\.[A-Za-z0-9]+`).FindString(line)
	if called == "" {
		return namespace
	}
	return called
}

// peers has the functions of other programs, and what they are here: a function, or how to
// write it, which has blanks. Names that differ in case alone are left out.
//
//go:embed peers.txt
var peers string

// peerFunctions returns what is in peers, by the other program's name.
var peerFunctions = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(peers) {
		if name, ours, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			all[name] = ours
		}
	}
	return all
})

// shown is how many names a message lists.
const shown = 5

// nearest returns the names that differ from word in the fewest letters, best
// first.
func nearest(word string, names []string) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return distance(word, a) - distance(word, b) })
	return names[:min(len(names), shown)]
}

// similar returns the name that is close enough to be meant, or nothing.
func similar(word string, names []string) string {
	if best := nearest(word, names); len(best) > 0 && distance(word, best[0]) <= max(1, len(word)/3) {
		return best[0]
	}
	return ""
}

// distance is Levenshtein's: letters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
