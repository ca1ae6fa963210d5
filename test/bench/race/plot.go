package race

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The plot's measures, in pixels.
const (
	width, height           = 760, 420
	left, right, top, under = 70, 210, 34, 46
	label                   = 15 // the least distance of two labels
)

// line is a contender's time over the number of secrets.
type line struct {
	name   string
	points [][2]float64 // secrets, ms
	end    float64      // where its label goes, y
}

// Plot draws wall time over the number of secrets, both in powers of ten, on
// the wire of reference, as an SVG that needs nothing else.
func (r *Report) Plot() string {
	lines := r.lines()
	low, high := math.Inf(1), math.Inf(-1)
	most := 1.0
	for _, l := range lines {
		for _, p := range l.points {
			most, low, high = max(most, p[0]), min(low, p[1]), max(high, p[1])
		}
	}
	if len(lines) == 0 {
		low, high = 1, 1
	}
	low, high = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high*1.001)))
	x := func(n float64) float64 {
		return left + (width-left-right)*math.Log10(n)/max(math.Log10(most), 1)
	}
	y := func(ms float64) float64 {
		return height - under - (height-top-under)*math.Log10(ms/low)/math.Log10(high/low)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14">Wall time by secrets, a new process, %s (%s)</text>`+"\n", left, r.reference(), r.Date)
	for ms := low; ms <= high*1.001; ms *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left, y(ms), width-right, left-6, y(ms)+4, short(ms))
	}
	for _, n := range r.counts() {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x(float64(n)), top, height-under, x(float64(n)), height-under+18, n)
	}
	place(lines, y)
	for i, l := range lines {
		b.WriteString(l.draw(i, x, y))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// counts are the numbers of secrets on the axis.
func (r *Report) counts() (counts []int) {
	for _, c := range r.Cases {
		if strings.HasPrefix(c.Name, "refs") {
			counts = append(counts, c.Refs)
		}
	}
	return counts
}

func (r *Report) lines() (lines []line) {
	for _, contender := range r.Contenders {
		l := line{name: contender.Name}
		for _, c := range r.Cases {
			if row, ok := r.find(c.Name, r.reference(), contender.Name); ok && strings.HasPrefix(c.Name, "refs") {
				l.points = append(l.points, [2]float64{float64(c.Refs), row.WallMS})
			}
		}
		if len(l.points) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// place puts labels beside the ends of their lines, apart from each other.
func place(lines []line, y func(float64) float64) {
	for i, l := range lines {
		lines[i].end = y(l.points[len(l.points)-1][1])
	}
	slices.SortFunc(lines, func(a, b line) int { return int(math.Copysign(1, b.end-a.end)) })
	for i := range lines {
		if i > 0 {
			lines[i].end = min(lines[i].end, lines[i-1].end-label)
		}
	}
}

func (l line) draw(i int, x, y func(float64) float64) string {
	colour, weight := colour(i), 1.5
	switch l.name {
	case Ours:
		colour, weight = "black", 3
	case Limit:
		colour = "#999"
	}
	var path, dots strings.Builder
	for j, p := range l.points {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(j, 1)], x(p[0]), y(p[1]))
		fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x(p[0]), y(p[1]), colour)
	}
	return fmt.Sprintf(`<path d="%s" fill="none" stroke="%s" stroke-width="%g"/>%s<text x="%d" y="%.1f" fill="%s">%s</text>`+"\n",
		path.String(), colour, weight, dots.String(), width-right+10, l.end+4, colour, l.name)
}

// colour tells lines apart.
func colour(i int) string {
	colours := []string{"#1b6ca8", "#c0392b", "#27864a", "#8e44ad", "#b9770e", "#16808a", "#6b6b6b", "#a0306a"}
	return colours[i%len(colours)]
}

func short(ms float64) string {
	if ms >= 1000 {
		return fmt.Sprintf("%g s", ms/1000)
	}
	return fmt.Sprintf("%g ms", ms)
}
