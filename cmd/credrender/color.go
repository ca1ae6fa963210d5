package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// colorFlag adds --color, for commands that print diffs.
func colorFlag(c *cobra.Command, choice *string) {
	choiceFlag(c, choice, "color", "", "auto", "auto|always|never", "color the diffs; auto does on a terminal, unless NO_COLOR is set")
}

// colors reports whether standard output gets colors (https://no-color.org).
func (a *app) colors(choice string) bool {
	if choice != "auto" {
		return choice == "always"
	}
	if none, _ := a.lookupEnv("NO_COLOR"); none != "" {
		return false
	}
	term, _ := a.lookupEnv("TERM")
	return a.atTerminal(a.stdout) && term != "dumb"
}

// The sequences that begin and end a color (ECMA-48, SGR).
const (
	bold     = "\x1b[1m"
	red      = "\x1b[31m"
	green    = "\x1b[32m"
	cyan     = "\x1b[36m"
	endColor = "\x1b[m"
)

// colorDiff colors the lines of a unified diff as git does.
func colorDiff(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		text := strings.TrimSuffix(line, "\n")
		if color := diffColor(text); color != "" {
			b.WriteString(color + text + endColor + line[len(text):])
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func diffColor(line string) string {
	for _, kind := range []struct{ start, color string }{
		{"--- ", bold}, {"+++ ", bold}, {"@@", cyan}, {"-", red}, {"+", green},
	} {
		if strings.HasPrefix(line, kind.start) {
			return kind.color
		}
	}
	return ""
}
