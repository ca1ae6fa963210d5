package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	sweepPage  = "../../docs/dev/exit-zero.md"
	sweepBegin = "<!-- UPDATE_DOCS=1 go test ./cmd/credrender -run TestExitZeroPage writes what follows -->\n"
)

// The page shows the rows of the test. UPDATE_DOCS=1 writes it.
func TestExitZeroPage(t *testing.T) {
	data, err := os.ReadFile(sweepPage)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(data), sweepBegin)
	if !ok {
		t.Fatalf("%s has no line %q", sweepPage, sweepBegin)
	}
	want := head + sweepBegin + sweepTables()
	if want == string(data) {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s differs from the rows of the test; run UPDATE_DOCS=1 go test ./cmd/credrender -run TestExitZeroPage", sweepPage)
	}
	if err := os.WriteFile(sweepPage, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sweepTables prints a table for each command: its rows, then the reasons for
// faults without any.
func sweepTables() string {
	var b strings.Builder
	rows, excused := sweepRows(), sweepImmune()
	names := slices.Concat(slices.Collect(maps.Keys(rows)), slices.Collect(maps.Keys(excused)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		fmt.Fprintf(&b, "\n## %s\n\n| fault | command line | exit code | test |\n|---|---|---|---|\n", name)
		for _, fault := range sweepFaults() {
			for i, row := range rows[name] {
				if row.fault == fault {
					fmt.Fprintf(&b, "| %s | %s | %d | `%s` |\n", fault, rowLine(name, row), row.code, rowName(name, fault, i))
				}
			}
			if why := excused[name][fault]; why != "" {
				fmt.Fprintf(&b, "| %s | *%s* | | |\n", fault, why)
			}
		}
	}
	return b.String()
}

// rowLine is the command line of a row as a shell takes it.
func rowLine(name string, row bad) string {
	line := strings.TrimSpace("credrender " + name + " " + row.line)
	if row.stdin != "" {
		line += fmt.Sprintf(" <<< %q", row.stdin)
	}
	return "`" + strings.ReplaceAll(line, "|", `\|`) + "`"
}
