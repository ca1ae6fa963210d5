package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The diagrams of how-it-works.md are drawn from these lists. UPDATE_DOCS=1 writes them.
func TestDiagrams(t *testing.T) {
	for path, want := range map[string]string{
		"render.svg": diagram("A render, from the config to the hook", []box{
			{"load", "config"}, {"recover", "state"}, {"compare", "versions"}, {"discover", "references"}, {"fetch", "one batch"},
			{"render", "in memory"}, {"diff", "plan ends"}, {"commit", "job by job"}, {"hooks", "once each"},
		}, []arc{{2, 8, "nothing changed: done", false}, {6, 8, "plan: done", false}}),
		"transaction.svg": diagram("The transaction of a job", []box{
			{"stage", "beside, synced"}, {"check", "one file"}, {"commit", "journal, rename"}, {"verify", "all in place"}, {"done", "old names gone"}, {"hook", "until it works"},
		}, []arc{{1, 0, "refused: remove staged files", true}, {3, 2, "refused: restore old files", true}, {5, 5, "failed: stays pending", true}}),
	} {
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if read(t, path) != want {
			t.Errorf("%s is not drawn from its list: UPDATE_DOCS=1 go test ./docs -run TestDiagrams", path)
		}
	}
}

// box is a step, and what it is about.
type box struct{ name, note string }

// arc leads from one step to another, below the row of failures or above that of success.
type arc struct {
	from, to int
	label    string
	failure  bool
}

const (
	boxWidth, boxHeight, boxGap = 104, 54, 22
	rowTop                      = 90
)

// diagram draws steps in a row. Its colors follow the theme of the reader.
func diagram(title string, boxes []box, arcs []arc) string {
	width := len(boxes)*(boxWidth+boxGap) + boxGap
	top, bottom := rowTop-20, rowTop+boxHeight+20
	for _, a := range arcs {
		if a.failure {
			bottom = rowTop + boxHeight + 70
		} else {
			top = 10
		}
	}
	height := bottom - top
	center := func(i int) int { return boxGap + i*(boxWidth+boxGap) + boxWidth/2 }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 %d %d %d" width="%d" height="%d" role="img" aria-label="%s" font-family="system-ui, sans-serif">
<style>rect.page { fill: #ffffff } .box { fill: #eef2ff; stroke: #4051b5 } .name { font-size: 15px; font-weight: 600; fill: #1a237e } .note, .label { font-size: 12px; fill: #37474f } .line { stroke: #4051b5; fill: none; stroke-width: 1.5 } .bad { stroke: #b71c1c; stroke-dasharray: 5 4 } .red { fill: #b71c1c }</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#4051b5"/></marker><marker id="redtip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#b71c1c"/></marker></defs>
<rect class="page" y="%d" width="%d" height="%d" rx="8"/>
`, top, width, height, width, height, title, top, width, height)
	for i, s := range boxes {
		x := center(i) - boxWidth/2
		fmt.Fprintf(&b, "<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/><text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text><text class=\"note\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x, rowTop, boxWidth, boxHeight, center(i), rowTop+24, s.name, center(i), rowTop+42, s.note)
		if i > 0 {
			fmt.Fprintf(&b, "<path class=\"line\" d=\"M%d %dH%d\" marker-end=\"url(#tip)\"/>\n", x-boxGap, rowTop+boxHeight/2, x-1)
		}
	}
	above := 0
	for _, a := range arcs {
		from, to := center(a.from), center(a.to)
		if a.failure {
			y := rowTop + boxHeight
			fmt.Fprintf(&b, "<path class=\"line bad\" d=\"M%d %dv34H%dv-34\" marker-end=\"url(#redtip)\"/><text class=\"label red\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
				from+12, y, to-12, (from+to)/2, y+52, a.label)
			continue
		}
		above++
		y := rowTop - 24*above
		fmt.Fprintf(&b, "<path class=\"line\" d=\"M%d %dV%dH%d\" marker-end=\"url(#tip)\"/><text class=\"label\" x=\"%d\" y=\"%d\">%s</text>\n", from, rowTop, y, to+boxWidth/2, from+8, y-6, a.label)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
