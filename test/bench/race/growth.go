package race

import (
	"fmt"
	"slices"
	"strings"
)

// Growth is how time, memory and requests grow with the work.
type Growth struct {
	Date    string  `json:"date"`
	Machine string  `json:"machine"`
	Load    string  `json:"load"` // average, before and after
	Series  []Serie `json:"series"`
	// Daemon is one that has checked four unchanged jobs a few times.
	Daemon Resident `json:"daemon"`
}

// Serie is one kind of work.
type Serie struct {
	Name   string  `json:"name"`
	Title  string  `json:"title"`
	Points []Point `json:"points"`
}

// Point is a serie at n pieces of work.
type Point struct {
	N           int     `json:"n"`
	WallMS      float64 `json:"wall_ms"`
	CPUMS       float64 `json:"cpu_ms"`
	PeakMiB     float64 `json:"peak_mib"`
	Requests    int     `json:"requests"`
	Connections int     `json:"connections"`
}

// Resident is a process's memory: its own, and pages of files, which processes share.
type Resident struct {
	OwnMiB  float64 `json:"own_mib"`
	FileMiB float64 `json:"file_mib"`
}

// Markdown is the table of all series.
func (g *Growth) Markdown() string {
	if len(g.Series) == 0 {
		return "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nMeasured %s on %s; load average %s. %s\n\n| | | time | CPU | peak | requests | connections |\n|---|---|---|---|---|---|---|\n", g.Date, g.Machine, g.Load, describe(Reference()))
	for _, s := range g.Series {
		for _, p := range s.Points {
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %.1f MiB | %d | %d |\n", s.Title, p.N, duration(p.WallMS), duration(p.CPUMS), p.PeakMiB, p.Requests, p.Connections)
		}
	}
	fmt.Fprintf(&b, "\nA daemon with four unchanged jobs has %.1f MiB: %.1f of its own, and %.1f of pages of its program's file.\n", g.Daemon.OwnMiB+g.Daemon.FileMiB, g.Daemon.OwnMiB, g.Daemon.FileMiB)
	return b.String() + "\n"
}

// Last returns the largest point of a serie.
func (g *Growth) Last(name string) (Point, bool) {
	i := slices.IndexFunc(g.Series, func(s Serie) bool { return s.Name == name && len(s.Points) > 0 })
	if i < 0 {
		return Point{}, false
	}
	return g.Series[i].Points[len(g.Series[i].Points)-1], true
}

// memory is the peaks for users.
func (g *Growth) memory(r *Report) string {
	var rows []string
	for _, c := range []column{{"refs1", "1 secret"}, {"refs50", "50 secrets"}, {"refs200", "200 secrets"}} {
		if row, ok := r.find(c.name, r.reference(), Ours); ok {
			rows = append(rows, fmt.Sprintf("| %s | %.0f MiB |", c.head, row.PeakMiB))
		}
	}
	if p, ok := g.Last("big"); ok {
		rows = append(rows, fmt.Sprintf("| %d secrets of 100 KiB | %.0f MiB |", p.N, p.PeakMiB))
	}
	if p, ok := g.Last("getall"); ok {
		rows = append(rows, fmt.Sprintf("| `getall` of %d secrets | %.0f MiB |", p.N, p.PeakMiB))
	}
	if g.Daemon.OwnMiB > 0 {
		rows = append(rows, fmt.Sprintf("| a daemon between runs | %.0f MiB, of which %.0f are its own |", g.Daemon.OwnMiB+g.Daemon.FileMiB, g.Daemon.OwnMiB))
	}
	return "\n| | peak memory |\n|---|---|\n" + strings.Join(rows, "\n") + "\n\n"
}
