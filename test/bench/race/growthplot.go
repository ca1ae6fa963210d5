package race

import (
	"fmt"
	"math"
	"strings"
)

// A panel of the growth plot, in pixels.
const (
	panelWidth, panelHeight = 250, 220
	panelLeft, panelTop     = 46, 40
	panelRight, panelUnder  = 8, 30
	legendHeight            = 24
)

// panel is one quantity over the amount of work.
type panel struct {
	title string
	unit  string
	of    func(Point) float64
}

// Plot draws time, peak memory and requests over the amount of work, side by side. Both axes
// are powers of ten: a line at 45 degrees grows with the work, a flat one not at all.
func (g *Growth) Plot() string {
	panels := []panel{
		{"time", "ms", func(p Point) float64 { return p.WallMS }},
		{"peak memory", "MiB", func(p Point) float64 { return p.PeakMiB }},
		{"requests", "", func(p Point) float64 { return float64(p.Requests) }},
	}
	wide, high := panelWidth*len(panels), panelHeight+legendHeight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="11">`+"\n", wide, high)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", wide, high)
	for i, p := range panels {
		g.panel(&b, p, float64(i*panelWidth))
	}
	for i, s := range g.Series {
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", panelLeft+i*(wide-panelLeft)/len(g.Series), high-8, colour(i), s.Title)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (g *Growth) panel(b *strings.Builder, p panel, at float64) {
	most, low, high := 10.0, math.Inf(1), 1.0
	for _, s := range g.Series {
		for _, x := range s.Points {
			v := max(p.of(x), 1)
			most, low, high = max(most, float64(x.N)), min(low, v), max(high, v)
		}
	}
	low = math.Pow(10, math.Floor(math.Log10(min(low, high))))
	high = max(math.Pow(10, math.Ceil(math.Log10(high))), low*10)
	most = math.Pow(10, math.Ceil(math.Log10(most)))
	x := func(n float64) float64 {
		return at + panelLeft + (panelWidth-panelLeft-panelRight)*math.Log10(n)/math.Log10(most)
	}
	y := func(v float64) float64 {
		return panelHeight - panelUnder - (panelHeight-panelTop-panelUnder)*math.Log10(max(v, low)/low)/math.Log10(high/low)
	}
	fmt.Fprintf(b, `<text x="%.0f" y="20" font-size="13">%s</text>`+"\n", at+panelLeft, p.title)
	for v := low; v <= high*1.001; v *= 10 {
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n", at+panelLeft, y(v), at+panelWidth-panelRight, at+panelLeft-4, y(v)+4, strings.TrimSpace(fmt.Sprintf("%g %s", v, p.unit)))
	}
	for n := 1.0; n <= most*1.001; n *= 10 {
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", x(n), panelTop, panelHeight-panelUnder, x(n), panelHeight-panelUnder+16, n)
	}
	for i, s := range g.Series {
		var path, dots strings.Builder
		for j, q := range s.Points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(j, 1)], x(float64(q.N)), y(p.of(q)))
			fmt.Fprintf(&dots, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`, x(float64(q.N)), y(p.of(q)), colour(i))
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>%s`+"\n", path.String(), colour(i), dots.String())
	}
}
