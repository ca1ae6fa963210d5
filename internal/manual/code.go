package manual

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// writeCode prints code. Lines that are too long are broken where what they are written
// in permits it.
func writeCode(b *strings.Builder, block Block, indent int) {
	at := indent + codeIndent - textIndent
	for _, line := range block.Lines {
		at = min(at, max(indent, Width-utf8.RuneCountInString(line)))
	}
	for _, line := range block.Lines {
		for _, part := range breakCode(line, block.Lang, Width-at) {
			fmt.Fprintln(b, strings.TrimRight(strings.Repeat(" ", at)+part, " "))
		}
	}
}

// breaks tells where a line may be broken, and what is put at the end of the first line
// and at the beginning of the second.
type breaks struct {
	after      string // a break is behind this text
	inActions  bool   // only in the actions of a template
	anywhere   bool   // in quoted text too
	end, begin string
}

func breaksOf(line, lang string) breaks {
	switch first, _, _ := strings.Cut(strings.TrimLeft(line, "$ "), " "); {
	case strings.Contains(line, "{{"):
		return breaks{after: " ", inActions: true}
	case strings.Contains(line, " # ") || strings.HasPrefix(line, "#"):
		return breaks{after: " ", begin: "# "}
	case strings.HasPrefix(line, "$ ") || lang == "sh" || first == "credrender" || first == "aws" || strings.HasPrefix(first, "-"):
		if lang != "yaml" {
			return breaks{after: " ", end: "\\"}
		}
	}
	if strings.Contains(line, ", ") && strings.ContainsAny(line, "[{") {
		return breaks{after: ", "}
	}
	return breaks{after: " "}
}

// breakCode breaks a line into parts of a width. A part without a place to break it stays
// as long as it is.
func breakCode(line, lang string, width int) (parts []string) {
	how := breaksOf(line, lang)
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))] + "    "
	for utf8.RuneCountInString(line) > width {
		at := how.last(line, width-len(how.end), len(indent))
		if at < 0 { // only quoted text has spaces: a terminal would break it anywhere
			at = breaks{after: " ", anywhere: true}.last(line, width-len(how.end), len(indent))
		}
		if at < 0 {
			break
		}
		parts = append(parts, strings.TrimRight(line[:at], " ")+strings.TrimRight(" "+how.end, " "))
		line = indent + how.begin + line[at:]
	}
	return append(parts, line)
}

// last returns the last place for a break up to a width, or -1. There is none in quotes,
// nor before from.
func (how breaks) last(line string, width, from int) int {
	at, quote, action := -1, byte(0), false
	for i := 0; i < len(line) && i < width; i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case how.begin == "" && !how.anywhere && action == how.inActions && (c == '"' || c == '`' || c == '\''):
			quote = c
		case strings.HasPrefix(line[i:], "{{"):
			action = true
		case strings.HasPrefix(line[i:], "}}"):
			action = false
		}
		end := i + len(how.after)
		if end > from && end <= width && strings.HasPrefix(line[i:], how.after) && (action || !how.inActions) && strings.TrimSpace(line[:end]) != "" {
			if how.begin == "" || strings.Contains(line[:i], "# ") {
				at = end
			}
		}
	}
	return at
}
