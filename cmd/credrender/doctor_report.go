package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// The levels of findings.
const (
	fine    = "ok"
	warning = "warn"
	failing = "error"
)

// doctorReport is the result of doctor, as -o json prints it.
type doctorReport struct {
	Healthy  bool            `json:"healthy" doc:"a render would not fail"`
	Findings []doctorFinding `json:"findings" doc:"what was checked, in this order"`
}

type doctorFinding struct {
	Level   string   `json:"level" doc:"ok, warning or error"`
	Subject string   `json:"subject" doc:"what was checked, such as identity, table NAME or secret REF"`
	Message string   `json:"message" doc:"the result"`
	Fixes   []string `json:"fixes,omitempty" doc:"commands that fix it"`
}

// jsonLevel returns a level as in lint -o json.
func jsonLevel(level string) string {
	if level == warning {
		return "warning"
	}
	return level
}

// tell adds a finding to the report, and prints it unless the report does, if it was not
// there before.
func (d *doctor) tell(level, subject, text string, fixes ...string) {
	d.unhealthy = d.unhealthy || level == failing
	line := fmt.Sprintf("%-5s  %s: %s\n", level, subject, text)
	for _, m := range fixes {
		line += "       fix: " + m + "\n"
	}
	if d.seen[line] {
		return
	}
	d.seen[line] = true
	d.report.Findings = append(d.report.Findings, doctorFinding{jsonLevel(level), subject, text, fixes})
	if !d.json && d.unwritten == nil {
		d.unwritten = printf(d.a.stdout, "%s", line)
	}
}

// doctorItem is a problem of one version in the table.
type doctorItem struct {
	name, text string
	fix        string
	cause      string // equal for problems that are told as a group
	groupFix   string
}

// tellItems prints the problems of versions. Many with one cause are one finding.
func (d *doctor) tellItems(verdicts []store.Verdict) {
	items := d.itemProblems(verdicts)
	groups := map[string][]doctorItem{}
	for _, it := range items {
		groups[it.cause] = append(groups[it.cause], it)
	}
	for _, it := range items {
		group := groups[it.cause]
		switch {
		case len(group) < groupFrom:
			d.tell(warning, "secret "+source.Show(it.name), it.text, it.fix)
		case it == group[0]:
			var names []string
			for _, one := range group[:groupShown] {
				names = append(names, source.Show(one.name))
			}
			subject := fmt.Sprintf("secrets %s, and %s more", strings.Join(names, ", "), thousands(len(group)-groupShown))
			d.tell(warning, subject, it.cause, it.groupFix)
		}
	}
}

func (d *doctor) itemProblems(verdicts []store.Verdict) (items []doctorItem) {
	for _, v := range verdicts {
		version := source.Show(v.Version)
		if slices.Contains(v.Notes, store.NoteUnpadded) {
			items = append(items, doctorItem{
				v.Name, fmt.Sprintf("its version %s is not padded, so it hides later ones", version), d.line("migrate", v.Name),
				"a version is not padded, so it hides later ones", d.line("migrate") + "  # 'credrender verify-store' lists them",
			})
		}
		if v.Err != nil {
			items = append(items, doctorItem{
				v.Name, fmt.Sprintf("version %s does not open: %v", version, v.Err), d.line("delete", v.Name, "-v", v.Version) + "  # unless you know its context",
				fmt.Sprintf("a version does not open: %v", v.Err), d.line("verify-store") + "  # lists them; --context-map FILE has contexts by name",
			})
		}
	}
	return items
}
