package race

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reference is the wire that pages state results for: what a machine in AWS has to its own region.
func Reference() Wire { return Wire{TLS: true, RTT: 500 * time.Microsecond, Region: true} }

// reference is that of a run: those of before there was a region had the laptop's.
func (r *Report) reference() Wire {
	if r.Reference == (Wire{}) {
		return Laptop()
	}
	return r.Reference
}

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
		{text: "start: chamber's CPU", name: "start", against: "chamber", of: cpu, atMost: 1.1},
		{text: "start: gcredstash's CPU", name: "start", against: "gcredstash", of: cpu, atMost: 1.1},
		{text: "1 ref: gcredstash's CPU", name: "refs1", against: "gcredstash", of: cpu, atMost: 1.1},
		{text: "1 ref: peak memory in MiB", name: "refs1", against: Limit, of: peak, atMost: 20},
		{text: "1 parameter: chamber's CPU", name: "parameters1", against: "chamber", of: cpu, atMost: 1.1},
		{text: "50 refs: faster than gcredstash", name: "refs50", against: "gcredstash", of: slower, atLeast: 10},
		{text: "50 refs: faster than credsmash's render-template", name: "refs50", against: "credsmash", of: slower, atLeast: 10},
		{text: "50 refs: faster than a loop of credstash get", name: "refs50", against: "credstash get, a loop", of: slower, atLeast: 100},
		{text: "50 refs: faster than credstash getall", name: "refs50", against: "credstash getall", of: slower, atLeast: 4},
		{text: "50 refs: the limit program's time", name: "refs50", against: Limit, of: ratio, atMost: 1.25},
		{text: "200 refs: the limit program's time", name: "refs200", against: Limit, of: ratio, atMost: 1.5},
		{text: "200 refs: the limit program's CPU", name: "refs200", against: Limit, of: cpu, atMost: 1.3},
		{text: "200 refs: peak memory in MiB", name: "refs200", against: Limit, of: peak, atMost: 32},
		{text: "2,000 secrets: faster than credstash getall", name: "getall2000", against: "credstash getall", of: slower, atLeast: 10},
		{text: "2,000 secrets: requests to the table, of credstash getall's", name: "getall2000", against: "credstash getall", of: reads, atMost: 0.1},
	}
}

// goals holds the run against them, on the wire of reference and on the laptop's.
func (r *Report) goals() string {
	wires := []Wire{r.reference()}
	if wires[0] != Laptop() {
		wires = append(wires, Laptop())
	}
	var b strings.Builder
	b.WriteString("\n| goal | wanted |")
	for _, w := range wires {
		fmt.Fprintf(&b, " %s |", w)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(wires)) + "\n")
	for _, g := range goals() {
		wanted := fmt.Sprintf("≥ %g x", g.atLeast)
		if g.atLeast == 0 {
			wanted = fmt.Sprintf("≤ %g", g.atMost)
		}
		fmt.Fprintf(&b, "| %s | %s |", g.text, wanted)
		for _, w := range wires {
			fmt.Fprintf(&b, " %s |", r.measured(g, w))
		}
		b.WriteString("\n")
	}
	return b.String() + "\n" + r.lost()
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

// lost is what a page has to state of peers that were faster.
func (r *Report) lost() string {
	rows := r.Lost()
	if len(rows) == 0 {
		return fmt.Sprintf("Of the programs that took part (%s), none was faster than credrender in any row.\n", strings.Join(r.participants(), ", "))
	}
	var b strings.Builder
	b.WriteString("A peer was faster in these rows:\n\n")
	for _, x := range rows {
		ratio, _ := r.ratio(x.Case, x.Wire, x.Contender)
		fmt.Fprintf(&b, "- %s, %s: %s, %s instead of %s (%s)\n", r.title(x.Case), x.Wire, x.Contender, duration(x.WallMS), duration(x.WallMS/ratio), times(ratio))
	}
	return b.String()
}

// participants returns the peers that have a time in some row, by name.
func (r *Report) participants() (names []string) {
	for _, x := range r.Rows {
		if x.Contender != Ours && x.Contender != Limit && x.WallMS > 0 {
			names = append(names, x.Contender)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Report) title(name string) string {
	for _, c := range r.Cases {
		if c.Name == name {
			return c.Title
		}
	}
	return name
}
