package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/test/shells"
)

// TestExamplesSurviveShells: an example of help can be copied into any shell. Of a pattern
// without quotes zsh says "no matches found" before a program starts.
func TestExamplesSurviveShells(t *testing.T) {
	examples := 0
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			examples++
			if found := shells.Globs(strings.TrimSpace(line)); found != "" {
				t.Errorf("%s: a shell expands the %s of %s", c.CommandPath(), found, strings.TrimSpace(line))
			}
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	for _, c := range commands() {
		check(c.make(newApp(nil, nil, nil)))
	}
	if examples < 60 {
		t.Errorf("only %d lines of examples", examples)
	}
}
