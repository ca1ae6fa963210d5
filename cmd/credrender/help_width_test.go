package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
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
