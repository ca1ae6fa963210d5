package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/manual"
)

// wrap fills the paragraphs of a text to a width. Lines that begin with a space or a
// hyphen are items of lists: what follows is indented like the text of its item.
func wrap(text string, width int) string {
	var out, paragraph []string
	item, column := "", 0
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, manual.Fill(strings.Join(paragraph, " "), "", "", width)...)
		}
		if item != "" {
			out = append(out, hang(item, width)...)
		}
		paragraph, item = nil, ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case item != "" && indent == column:
			item += " " + line[indent:]
		case indent > 0 || strings.HasPrefix(line, "- "):
			flush()
			item, column = line, textColumn(line)
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// textColumn returns where the text of an item begins: after its hyphen, or after the two
// spaces that end its name, else two columns further than the item.
func textColumn(line string) int {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if name := strings.Index(line[indent:], "  "); name > 0 {
		rest := line[indent+name:]
		return len(line) - len(strings.TrimLeft(rest, " "))
	}
	return indent + 2
}

// hang breaks a line that is too long. What follows is indented to its text.
func hang(line string, width int) []string {
	column := textColumn(line)
	if len(line) <= width || column >= len(line) {
		return []string{line}
	}
	return manual.Fill(line[column:], line[:column], strings.Repeat(" ", column), width)
}

// wrapExample breaks a command line of an example that is too long with a backslash, so
// that it can still be copied.
func wrapExample(text string, width int) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		indent := "  "
		for len(line) > width {
			at := breakBefore(line, width-1, len(indent))
			if at < 0 {
				break
			}
			out = append(out, line[:at]+" \\")
			indent = "    "
			line = indent + line[at+1:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// breakBefore returns the last space up to a column, outside quotes and before a comment,
// or -1.
func breakBefore(line string, column, from int) int {
	quoted, at := false, -1
	for i := range line[:column] {
		switch {
		case line[i] == '\'':
			quoted = !quoted
		case line[i] == '#' && i > 0 && line[i-1] == ' ':
			return at
		case line[i] == ' ' && !quoted && i > from:
			at = i
		}
	}
	return at
}

// flagColumn is where the description of a flag begins. pflag would put all of them
// behind the longest flag, which leaves no room for them.
const flagColumn = 28

// flagUsages describes flags in lines of helpWidth.
func flagUsages(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, value, usage := describeFlag(f)
		if f.Shorthand == "" {
			name = "    " + name
		}
		name = strings.TrimRight("  "+name+" "+value, " ")
		indent := strings.Repeat(" ", flagColumn)
		if len(name)+2 > flagColumn || usage == "" {
			fmt.Fprintln(&b, name)
			name = ""
		}
		if usage != "" {
			fmt.Fprintln(&b, strings.Join(manual.Fill(usage, fmt.Sprintf("%-*s", flagColumn, name), indent, helpWidth), "\n"))
		}
	})
	return b.String()
}

// describeFlag returns a flag with its shorthand, the placeholder of its value, and what
// it does.
func describeFlag(f *pflag.Flag) (name, value, usage string) {
	value, usage = pflag.UnquoteUsage(f)
	if strings.Contains(value, "|") { // choices: too long for a column
		usage, value = strings.TrimSuffix(usage, value)+strings.ReplaceAll(value, "|", ", "), "WORD"
	}
	name = "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
		usage += " (default " + f.DefValue + ")"
	}
	return name, value, usage
}
