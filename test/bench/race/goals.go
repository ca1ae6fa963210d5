package race

import (
	"fmt"
	"strings"
	"time"
)

// Reference is the wire that pages state results for: what a machine in AWS has to its own region.
func Reference() Wire { return Wire{TLS: true, RTT: 500 * time.Microsecond, Region: true} }

// Laptop is the wire from elsewhere.
func Laptop() Wire { return Wire{TLS: true, RTT: 20 * time.Millisecond} }

// goal is one thing that a run should show.
type goal struct {
	text    string
	name    string
	against string
	of      func(ours, theirs Row) float64
	atLeast float64 // or, if zero,
	atMost  float64
}

// goals are what a cold run should be like, beside peers and the limit program.
func goals() []goal {
	slower := func(ours, theirs Row) float64 { return theirs.WallMS / ours.WallMS }
	ratio := func(ours, limit Row) float64 { return ours.WallMS / limit.WallMS }
	cpu := func(ours, limit Row) float64 { return ours.CPUMS / limit.CPUMS }
	reads := func(ours, theirs Row) float64 { return float64(ours.Reads) / float64(theirs.Reads) }
	peak := func(ours, _ Row) float64 { return ours.PeakMiB }
	return []goal{
		{text: "50 refs: faster than gcredstash's template", name: "refs50", against: "gcredstash template", of: slower, atLeast: 25},
		{text: "50 refs: faster than credsmash's render-template", name: "refs50", against: "credsmash", of: slower, atLeast: 25},
		{text: "50 refs: faster than a loop of credstash get", name: "refs50", against: "credstash get, a loop", of: slower, atLeast: 100},
		{text: "50 refs: faster than credstash getall", name: "refs50", against: "credstash getall", of: slower, atLeast: 4},
		{text: "50 refs: the limit program's time", name: "refs50", against: Limit, of: ratio, atMost: 1.25},
		{text: "200 refs: the limit program's time", name: "refs200", against: Limit, of: ratio, atMost: 1.5},
		{text: "2,000 secrets: faster than credstash getall", name: "getall2000", against: "credstash getall", of: slower, atLeast: 10},
		{text: "2,000 secrets: the requests to the table of credstash getall's (each data key takes a Decrypt of its own)", name: "getall2000", against: "credstash getall", of: reads, atMost: 0.1},
		{text: "200 refs: the limit program's CPU", name: "refs200", against: Limit, of: cpu, atMost: 1.3},
		{text: "200 refs: peak memory in MiB", name: "refs200", against: Limit, of: peak, atMost: 40},
	}
}

// goals holds the run against them, on both kinds of connection.
func (r *Report) goals() string {
	var b strings.Builder
	plain := Wire{RTT: Reference().RTT}
	fmt.Fprintf(&b, "\n| goal | wanted | %s | %s |\n|---|---|---|---|\n", plain, Reference())
	for _, g := range goals() {
		wanted := fmt.Sprintf("≥ %g x", g.atLeast)
		if g.atLeast == 0 {
			wanted = fmt.Sprintf("≤ %g", g.atMost)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", g.text, wanted, r.measured(g, plain), r.measured(g, Reference()))
	}
	b.WriteString("\n" + r.lost())
	return b.String()
}

func (r *Report) measured(g goal, w Wire) string {
	ours, here := r.find(g.name, w, Ours)
	theirs, there := r.find(g.name, w, g.against)
	if !here || !there {
		return "not run"
	}
	got := g.of(ours, theirs)
	met := got >= g.atLeast
	if g.atLeast == 0 {
		met = got <= g.atMost
	}
	if met {
		return fmt.Sprintf("%.2f", got)
	}
	return fmt.Sprintf("**%.2f: not met**", got)
}

func (r *Report) lost() string {
	rows := r.Lost()
	if len(rows) == 0 {
		return "No peer was faster in any row.\n"
	}
	var b strings.Builder
	b.WriteString("A peer was faster in:\n\n")
	for _, x := range rows {
		ratio, _ := r.ratio(x.Case, x.Wire, x.Contender)
		fmt.Fprintf(&b, "- %s, %s: %s took %s of our time\n", x.Case, x.Wire, x.Contender, times(ratio))
	}
	return b.String()
}
