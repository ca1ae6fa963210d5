package main

import "fmt"

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
