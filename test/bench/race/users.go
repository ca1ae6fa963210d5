package race

import (
	"fmt"
	"strings"
)

// column is a case in the table for users. The first name that the run has counts.
type column struct{ name, head string }

var columns = []column{
	{"refs1", "1 secret"}, {"refs50", "50 secrets"}, {"refs200", "200 secrets"}, {"tick50", "50 secrets, unchanged"},
	{"getall2000", "`getall` of 2,000"}, {"parameters1", "1 parameter"}, {"parameters100", "100 parameters"},
}

// short is for the README: the one comparison that most people come from.
func (r *Report) short() string {
	loop := "credstash get, a loop"
	ours, here := r.find("refs50", r.reference(), Ours)
	theirs, there := r.find("refs50", r.reference(), loop)
	if !here || !there {
		return "\n"
	}
	return fmt.Sprintf("Reading 50 secrets takes %s where `credstash get` in a loop takes %s ([performance](docs/performance.md)).\n",
		duration(ours.WallMS), duration(theirs.WallMS))
}

// users is the table for users: who took how long for what, on the wire of reference.
func (r *Report) users() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s Each time is a median, from the start of a new process to its end.\n\n", r.measuredOn())
	b.WriteString(describe(r.reference()) + "\n\n| |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.head)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, c := range r.Contenders {
		if c.Name == Limit {
			continue
		}
		cells, some := r.cells(c.Name)
		if some {
			fmt.Fprintf(&b, "| %s | %s |\n", strings.TrimSpace(c.Name+" "+c.number()), strings.Join(cells, " | "))
		}
	}
	return b.String() + "\n"
}

// number is the version of another program.
func (c Contender) number() string {
	if c.Name == Ours {
		return ""
	}
	return c.Version
}

func (r *Report) cells(contender string) (cells []string, some bool) {
	for _, c := range columns {
		row, ok := r.find(c.name, r.reference(), contender)
		if !ok {
			cells = append(cells, "")
			continue
		}
		some = true
		text := duration(row.WallMS)
		if contender == Ours {
			text = "**" + text + "**"
		}
		cells = append(cells, text)
	}
	return cells, some
}

// describe is a wire in words.
func describe(w Wire) string {
	kind := "plain HTTP"
	if w.TLS {
		kind = "TLS"
	}
	if w.Region {
		return "The wire is that of a machine in AWS: " + kind + ", a round trip of 0.5 ms, answers of DynamoDB after 4 ms, of KMS and Parameter Store after 8 ms."
	}
	return fmt.Sprintf("The wire is that of a laptop: %s, and %d ms from a request to its answer.", kind, w.RTT.Milliseconds())
}
