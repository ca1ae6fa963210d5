package main

import (
	"fmt"
	"strings"
)

// markdown writes the tables of make bench.
func (r *report) markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "Measured %s in %d s on %s, %d cores, Linux %s, %s; load average %s before, %s after:\n\n    %s\n\n",
		r.Date, r.Seconds, m.CPU, m.Cores, m.Kernel, m.Go, m.Load, m.LoadAfter, r.Command)
	p := r.Process
	fmt.Fprintf(&b, "| `version`, start to end | its CPU | peak memory, %d secrets of %d KiB over TLS | binary |\n|---|---|---|---|\n", bigRefs, bigSize>>10)
	fmt.Fprintf(&b, "| %.1f ms | %.1f ms | %.1f MiB | %.1f MB |\n", p.StartMS, p.StartCPU, p.PeakMiB, float64(p.BinarySize)/1e6)
	for _, cold := range []bool{false, true} {
		r.table(&b, cold)
	}
	if len(r.Patience) > 0 {
		b.WriteString("\n### Throttled: `render --wait 5m`\n\n| table | refs | took | lost |\n|---|---|---|---|\n")
	}
	for _, x := range r.Patience {
		fmt.Fprintf(&b, "| %s | %d | %.0f s | %v |\n", x.Name, x.Refs, x.Seconds, x.Lost)
	}
	return b.String()
}

func (r *report) table(b *strings.Builder, cold bool) {
	title, trips := "Warm: a render in memory, connections ready", 2
	if cold {
		title, trips = "Cold: a new process, to the file in place", 4
	}
	fmt.Fprintf(b, "\n### %s\n\n| wire | round trip | refs | names | ours | limit program | ours / limit | %d round trips | ours / round trips | CPU ours | CPU limit |\n|---|---|---|---|---|---|---|---|---|---|---|\n", title, trips)
	for _, x := range r.Rows {
		if x.Cold != cold {
			continue
		}
		wire, names, ideal, away := "plain", "constant", "-", fmt.Sprintf("%d ms", x.RTT)
		if x.TLS {
			wire = "TLS"
		}
		if x.Computed {
			names = "computed"
		}
		if x.Region {
			away = "region"
		}
		ratio := x.Ours
		if cold {
			ratio -= r.Process.StartMS
		}
		if x.Ideal > 0 {
			ideal = fmt.Sprintf("%.2f", ratio/x.Ideal)
		}
		fmt.Fprintf(b, "| %s | %s | %d | %s | %.1f ms | %.1f ms | %.2f | %.0f ms | %s | %.1f ms | %.1f ms |\n",
			wire, away, x.Refs, names, x.Ours, x.Limit, x.Ours/x.Limit, x.Ideal, ideal, x.OursCPU, x.LimitCPU)
	}
	if cold {
		b.WriteString("\n\"ours / round trips\" is without the process start, as `version` takes it.\n")
	}
}
