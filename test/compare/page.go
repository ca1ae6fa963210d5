package main

import (
	"fmt"
	"os"
	"strings"
)

const intro = `# The same mishaps, with credrender and with its peers

Written by ` + "`make compare-hooks`" + ` from a real run; do not edit. Each row is played in a fresh
directory with the same files, values and commands (` + "`compare/scenario.go`" + `), through each program's own
configuration (` + "`compare/tools.go`" + `), in the mode that renders once. Values come from the environment, or for
credrender from ` + "`--fixtures`" + `, so neither Consul nor AWS nor a network is involved. **Bold** is what an operator would like to see, as the second column says it.

`

const outro = `
The hook of the second row kills its parent, so "killed" there is the row itself and no accident. A program that has
nothing to match a row is run without it, and the cell says so. What credrender promises about each row is in
[guarantees.md](../guarantees.md).
`

// page is the table as Markdown.
func page(columns []column) string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("| what goes wrong | wanted |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(columns)) + "\n| version | |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", orAbsent(c, c.version))
	}
	b.WriteString("\n")
	for i, s := range scenarios() {
		fmt.Fprintf(&b, "| %s | %s |", s.title, s.want)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", cell(c, i))
		}
		b.WriteString("\n")
	}
	b.WriteString("| as wanted | |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", orAbsent(c, fmt.Sprintf("%d of %d", c.kept(), len(c.cells))))
	}
	b.WriteString("\n" + outro)
	return b.String()
}

func orAbsent(c column, text string) string {
	if c.cells == nil {
		return c.absent
	}
	return text
}

func cell(c column, i int) string {
	if c.cells == nil {
		return c.absent
	}
	if o := c.cells[i]; o.good {
		return "**" + o.text + "**"
	}
	return c.cells[i].text
}

func (c column) kept() (n int) {
	for _, o := range c.cells {
		if o.good {
			n++
		}
	}
	return n
}

func times(n int) string {
	switch n {
	case 0:
		return "did not run"
	case 1:
		return "ran once"
	}
	return fmt.Sprintf("ran %d times", n)
}

func pairIs(one, two string) string {
	if one == two {
		return "both files are " + one
	}
	return fmt.Sprintf("the first file is %s, the second %s: a mixture", one, two)
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func linkIs(there bool) string {
	if there {
		return "the link stays"
	}
	return "the link was replaced"
}
