package credstash

import (
	"fmt"
	"slices"
	"strings"
)

// textWidth is argparse's text width for a terminal of 80 columns.
const textWidth = 78

// usage returns the usage line or lines before a message.
func (g *grammar) usage() string {
	var parts []string
	for i, o := range g.options {
		switch part := o.form(); {
		case !g.isExclusive(o):
			parts = append(parts, "["+part+"]")
		case i > 0 && g.isExclusive(g.options[i-1]):
			parts[len(parts)-1] += " | " + part + "]"
		default:
			parts = append(parts, "["+part)
		}
	}
	options := len(parts)
	for _, a := range g.positionals {
		parts = append(parts, a.form())
	}
	first := "usage: " + g.prog
	if line := strings.Join(append([]string{first}, parts...), " "); len(line) <= textWidth {
		return line + "\n"
	}
	indent := strings.Repeat(" ", len(first)+1)
	lines := wrap(first, indent, parts[:options])
	if len(parts) > options {
		lines = append(lines, wrap(indent[1:], indent, parts[options:])...)
	}
	return strings.Join(lines, "\n") + "\n"
}

func wrap(first, indent string, parts []string) []string {
	lines, line := []string{}, first
	for _, part := range parts {
		if len(line)+1+len(part) > textWidth {
			lines, line = append(lines, line), indent[1:]
		}
		line += " " + part
	}
	return append(lines, line)
}

func (g *grammar) isExclusive(o option) bool { return slices.Contains(g.exclusive, o.dest) }

// form returns an option as in a usage line, without brackets.
func (o option) form() string { return strings.TrimRight(o.names()[0]+" "+o.operand(), " ") }

// operand returns the placeholders for the words of an option.
func (o option) operand() string {
	name := strings.ToUpper(o.dest)
	if o.choices != nil {
		name = "{" + strings.Join(o.choices, ",") + "}"
	}
	switch o.kind {
	case flag, helping:
		return ""
	case many:
		return "[" + name + " ...]"
	}
	return name
}

func (a positional) form() string {
	switch a.kind {
	case optional:
		return "[" + a.dest + "]"
	case many:
		return "[" + a.dest + " ...]"
	case command:
		return "{" + strings.Join(a.choices, ",") + "} ..."
	}
	return a.dest
}

// helpText returns the output of -h.
func (g *grammar) helpText() string {
	var b strings.Builder
	b.WriteString(g.usage() + "\n" + g.help + "\n")
	if len(g.positionals) > 0 {
		b.WriteString("\npositional arguments:\n")
	}
	for _, a := range g.positionals {
		if a.kind != command {
			helpLine(&b, "  "+a.dest, a.help)
			continue
		}
		helpLine(&b, "  "+strings.TrimSuffix(a.form(), " ..."), a.help)
		for _, c := range a.choices {
			helpLine(&b, "    "+c, commandGrammar(c).help)
		}
	}
	b.WriteString("\noptions:\n")
	for _, o := range g.options {
		var forms []string
		for _, n := range o.names() {
			forms = append(forms, strings.TrimRight(n+" "+o.operand(), " "))
		}
		helpLine(&b, "  "+strings.Join(forms, ", "), o.help)
	}
	return b.String()
}

func helpLine(b *strings.Builder, name, help string) {
	const column = 24
	if len(name) > column-2 {
		name += "\n"
	}
	for i, line := range strings.Split(help, "\n") {
		if i > 0 || strings.HasSuffix(name, "\n") {
			_, _ = fmt.Fprintf(b, "%s%*s%s\n", name, column, "", line)
		} else {
			_, _ = fmt.Fprintf(b, "%-*s%s\n", column, name, line)
		}
		name = ""
	}
}
