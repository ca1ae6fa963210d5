package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/pkg/template/mask"
)

// resultFlags are the flags for the form of a result: -o and --no-headers. A command with
// a result in columns has both.
type resultFlags struct {
	format    string
	noHeaders bool
}

// register adds -o with a choice of formats, and --no-headers.
func (f *resultFlags) register(c *cobra.Command, choices string) {
	outputFlag(c, &f.format, choices, "text")
	f.registerHeaders(c)
}

// registerHeaders adds --no-headers alone, for commands in which -o has another meaning.
func (f *resultFlags) registerHeaders(c *cobra.Command) {
	c.Flags().BoolVar(&f.noHeaders, "no-headers", false, "print no line with the names of the columns")
}

// isJSON reports whether -o json is given.
func (f *resultFlags) isJSON() bool { return f.format == "json" }

// table is a result in columns. A cell holds no tab and no line break.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// printTable prints a table in aligned columns, below a header. Columns without any text
// are left out, and of a table without rows nothing is printed.
func (a *app) printTable(t table, f resultFlags) error {
	if len(t.rows) == 0 {
		return nil
	}
	lines := t.rows
	if !f.noHeaders {
		lines = append([][]string{t.columns}, t.rows...)
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range lines {
		var kept []string
		for i, cell := range cells {
			if t.hasText(i) {
				kept = append(kept, cell)
			}
		}
		_, _ = fmt.Fprintln(w, mask.Visible(strings.Join(kept, "\t"))) // a buffer takes all
	}
	_ = w.Flush()
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return a.write([]byte(out.String()))
}

// printResult prints a result in the form of -o: list as JSON, or the table.
func (a *app) printResult(o resultFlags, list any, t table) error {
	if o.isJSON() {
		return a.printJSON(list)
	}
	return a.printTable(t, o)
}

// hasText reports whether a column has text in any row.
func (t *table) hasText(column int) bool {
	for _, cells := range t.rows {
		if cells[column] != "" {
			return true
		}
	}
	return false
}
