package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// wrap fills the paragraphs of a text to a width. Lines that begin with a space or a
// hyphen are lists and examples: they keep their beginning, and are continued below their
// text if they are too long.
func wrap(text string, width int) string {
	var out, paragraph []string
	flush := func() {
		out = append(out, fillLines(strings.Fields(strings.Join(paragraph, " ")), "", width)...)
		paragraph = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case line[0] == ' ' || strings.HasPrefix(line, "- "):
			flush()
			out = append(out, hang(line, width)...)
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// hang breaks a line that is too long. What follows is indented like it, and further by
// two columns.
func hang(line string, width int) []string {
	if len(line) <= width {
		return []string{line}
	}
	text := strings.TrimLeft(line, " ")
	indent := strings.Repeat(" ", len(line)-len(text)+2)
	at := strings.LastIndexByte(line[:width+1], ' ')
	if at <= len(indent) {
		return []string{line}
	}
	return append([]string{strings.TrimRight(line[:at], " ")}, fillLines(strings.Fields(line[at:]), indent, width)...)
}

// fillLines puts words into lines of a width, each after the indent.
func fillLines(words []string, indent string, width int) (lines []string) {
	line := indent
	for _, word := range words {
		if line != indent && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	if line != indent {
		lines = append(lines, line)
	}
	return lines
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
		value, usage := pflag.UnquoteUsage(f)
		if strings.Contains(value, "|") { // choices: too long for the column
			usage, value = strings.TrimSuffix(usage, value)+strings.ReplaceAll(value, "|", ", "), "WORD"
		}
		name := "      --" + f.Name
		if f.Shorthand != "" {
			name = "  -" + f.Shorthand + ", --" + f.Name
		}
		if value != "" {
			name += " " + value
		}
		if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		indent := strings.Repeat(" ", flagColumn)
		lines := fillLines(strings.Fields(usage), indent, helpWidth)
		if len(name)+2 <= flagColumn && len(lines) > 0 {
			lines[0] = name + lines[0][len(name):]
		} else {
			lines = append([]string{name}, lines...)
		}
		fmt.Fprintln(&b, strings.Join(lines, "\n"))
	})
	return b.String()
}
