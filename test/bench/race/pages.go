package race

import (
	"fmt"
	"strings"
)

// Pages are those that have text computed from the last run, from the root of the repository.
// A page marks each block by its name:
//
//	<!-- bench NAME -->
//	...
//	<!-- bench end -->
func Pages() []string {
	return []string{"README.md", "docs/performance.md", "docs/dev/performance.md"}
}

const (
	markBegin = "<!-- bench "
	markEnd   = "<!-- bench end -->\n"
	markClose = " -->\n"
)

// Blocks are all that pages may have of a run, by name.
func Blocks(r *Report, g *Growth) map[string]string {
	return map[string]string{
		"short": r.short(), "users": r.users(), "lost": r.lost(), "race": r.Markdown(),
		"memory": g.memory(r), "growth": g.Markdown(),
	}
}

// Insert returns the page with its blocks as they have to be.
func Insert(page string, blocks map[string]string) (string, error) {
	head, rest, found := strings.Cut(page, markBegin)
	if !found {
		return page, nil
	}
	name, rest, opened := strings.Cut(rest, markClose)
	_, tail, closed := strings.Cut(rest, markEnd)
	text, known := blocks[name]
	if !opened || !closed || !known {
		return "", fmt.Errorf("%.60q: a block without an end, or of no known name", markBegin+name)
	}
	tail, err := Insert(tail, blocks)
	return head + markBegin + name + markClose + text + markEnd + tail, err
}

// Outside returns the page without its blocks: what people have written.
func Outside(page string) string {
	var b strings.Builder
	for {
		head, rest, found := strings.Cut(page, markBegin)
		b.WriteString(head)
		if !found {
			return b.String()
		}
		_, page, _ = strings.Cut(rest, markEnd)
	}
}
