package race

import (
	"fmt"
	"strings"
)

// Markdown is all that is said of a run, for those who work on the program.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s Load average %s.\n\n", r.measuredOn(), r.Load)
	b.WriteString(r.trust())
	b.WriteString(r.goals())
	b.WriteString(r.contenders())
	for _, c := range r.Cases {
		b.WriteString(r.overview(c))
	}
	b.WriteString("\n### In full: " + r.reference().String() + "\n")
	for _, c := range r.Cases {
		b.WriteString(r.detail(c))
	}
	return b.String() + "\n"
}

func (r *Report) measuredOn() string {
	return fmt.Sprintf("Measured %s in %d minutes on %s, against a fake of AWS on the same machine.", r.Date, (r.Seconds+59)/60, r.Machine)
}

// trust says what the numbers are limited by.
func (r *Report) trust() string {
	busiest, by := 0.0, Row{}
	for _, x := range r.Rows {
		if rate := float64(x.Requests) / x.WallMS * 1000; x.WallMS > 0 && rate > busiest {
			busiest, by = rate, x
		}
	}
	return fmt.Sprintf("The fake answers %.0f Queries a second on plain connections and %.0f over TLS; the most that was asked of it in any row is %.0f (%s, %s, %s). "+
		"It shares the machine's cores with the contenders. A peak cannot read lower than %.1f MiB, what the benchmark itself has.\n",
		r.Fake.Plain, r.Fake.TLS, busiest, by.Contender, by.Case, by.Wire, r.FloorMiB)
}

func (r *Report) contenders() string {
	var b strings.Builder
	b.WriteString("\n| contender | version | what it does |\n|---|---|---|\n")
	for _, c := range r.Contenders {
		version := c.Version
		if c.Missing != "" {
			version = "not run: " + c.Missing
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, version, c.Does)
	}
	return b.String()
}

// overview has the wall times of a case on all wires.
func (r *Report) overview(c Case) string {
	var b strings.Builder
	wires := r.wires(c)
	if len(wires) == 0 {
		return ""
	}
	fmt.Fprintf(&b, "\n**%s**: wall time\n\n| |", c.Title)
	for _, w := range wires {
		fmt.Fprintf(&b, " %s |", w)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(wires)) + "\n")
	for _, contender := range r.in(c) {
		fmt.Fprintf(&b, "| %s |", contender)
		for _, w := range wires {
			fmt.Fprintf(&b, " %s |", r.cell(c.Name, w, contender))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// in returns the contenders that have a row in a case.
func (r *Report) in(c Case) (names []string) {
	has := map[string]bool{}
	for _, x := range r.Rows {
		if x.Case == c.Name {
			has[x.Contender] = true
		}
	}
	for _, x := range r.Contenders {
		if has[x.Name] {
			names = append(names, x.Name)
		}
	}
	return names
}

func (r *Report) cell(name string, w Wire, contender string) string {
	row, ok := r.find(name, w, contender)
	if !ok {
		return ""
	}
	text := duration(row.WallMS)
	if ratio, ok := r.ratio(name, w, contender); ok && contender != Ours {
		text += fmt.Sprintf(" (%s)", times(ratio))
	}
	return text
}

// detail has all numbers of a case on the wire of reference.
func (r *Report) detail(c Case) string {
	var b strings.Builder
	for _, contender := range r.in(c) {
		for _, x := range r.Rows {
			if x.Case != c.Name || x.Wire != r.reference() || x.Contender != contender {
				continue
			}
			if x.Failed != "" {
				fmt.Fprintf(&b, "| %s | failed: %s | | | | | | | |\n", contender, strings.ReplaceAll(x.Failed, "|", `\|`))
				continue
			}
			ratio, _ := r.ratio(c.Name, x.Wire, contender)
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %.1f MiB | %d | %d | %d | %d |\n", contender,
				duration(x.WallMS), times(ratio), duration(x.CPUMS), x.PeakMiB, x.Requests, x.Reads, x.Connections, x.Rounds)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("\n**%s**\n\n| | wall | of ours | CPU | peak | requests | of the table | connections | rounds |\n|---|---|---|---|---|---|---|---|---|\n", c.Title) + b.String()
}

func duration(ms float64) string {
	if ms >= 1000 {
		return fmt.Sprintf("%.2f s", ms/1000)
	}
	return fmt.Sprintf("%.1f ms", ms)
}

func times(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f x", ratio)
	}
	return fmt.Sprintf("%.2f x", ratio)
}
