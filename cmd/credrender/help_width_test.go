package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestHelpWidth: no line of help is wider than a terminal of 80 columns, for all commands
// and topics. Only the output of a command in a page, with an ARN, may be.
func TestHelpWidth(t *testing.T) {
	t.Parallel()
	lines := [][]string{{"--help"}}
	for _, name := range topicNames() {
		lines = append(lines, []string{"help", name})
	}
	var add func(c *cobra.Command, path []string)
	add = func(c *cobra.Command, path []string) {
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() || sub.Name() == "completion" { // cobra's own text
				continue
			}
			at := append(path[:len(path):len(path)], sub.Name())
			lines = append(lines, append([]string{"help"}, at...))
			add(sub, at)
		}
	}
	a := newApp(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	a.globals = newGlobals()
	add(newRoot(a), nil)
	if len(lines) < 70 {
		t.Fatalf("only %d pages of help", len(lines))
	}
	for _, args := range lines {
		var out, errs bytes.Buffer
		if code := newApp(strings.NewReader(""), &out, &errs).main(t.Context(), args); code != 0 || out.Len() == 0 {
			t.Errorf("%q: exit code %d: %s", args, code, errs.String())
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > helpWidth && !strings.Contains(line, "arn:") {
				t.Errorf("%q: %d columns: %s", args, n, line)
			}
		}
	}
}

// TestChoicesEndTheUsage: the choices of a flag are the end of its usage, where help writes
// them out. Anywhere else they would be there twice.
func TestChoicesEndTheUsage(t *testing.T) {
	t.Parallel()
	flags := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value, usage := pflag.UnquoteUsage(f)
			if !strings.Contains(value, "|") {
				return
			}
			if flags++; !strings.HasSuffix(usage, value) {
				t.Errorf("%s --%s: %q does not end in %s", c.CommandPath(), f.Name, usage, value)
			}
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	a := newApp(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	a.globals = newGlobals()
	visit(newRoot(a))
	if flags < 5 {
		t.Errorf("only %d flags with choices", flags)
	}
}
