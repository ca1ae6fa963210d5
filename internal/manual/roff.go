package manual

import (
	"fmt"
	"strings"
)

// Roff returns the body of a manual page in the macros of man(7): everything after its
// NAME. SEE ALSO and the like can follow it.
func (p Page) Roff() string {
	var b strings.Builder
	if len(p.Blocks) > 0 && p.Blocks[0].Kind != Heading {
		b.WriteString(".SH DESCRIPTION\n")
	}
	roffBlocks(&b, p.Blocks, true)
	return b.String()
}

// roffBlocks writes blocks. A paragraph that begins a section or an item needs no macro,
// and linters dislike one there.
func roffBlocks(b *strings.Builder, blocks []Block, begins bool) {
	for _, block := range blocks {
		switch block.Kind {
		case Heading:
			fmt.Fprintf(b, ".%s %s\n", map[bool]string{true: "SH", false: "SS"}[block.Level == 2], roffHeading(block))
			begins = true
			continue
		case Paragraph:
			if !begins {
				b.WriteString(".PP\n")
			}
			fmt.Fprintln(b, roffSpans(block.Text))
		case Code:
			roffCode(b, block, begins)
		case Table:
			roffTable(b, block)
		case List:
			roffList(b, block)
		}
		begins = false
	}
}

func roffHeading(b Block) string {
	return `"` + strings.ReplaceAll(Roff(heading(b)), `"`, `\(dq`) + `"`
}

// roffWidth is how many columns of code fit beside the margins of a manual page.
const roffWidth = 68

func roffCode(b *strings.Builder, block Block, begins bool) {
	var lines []string
	for _, line := range block.Lines {
		lines = append(lines, breakCode(line, block.Lang, roffWidth)...)
	}
	if !begins {
		b.WriteString(".PP\n")
	}
	fmt.Fprintf(b, ".RS 4\n.nf\n%s\n.fi\n.RE\n", Roff(strings.Join(lines, "\n")))
}

// RoffText returns paragraphs of help: those that are indented or are lists keep their
// lines.
func RoffText(text string) string {
	var b strings.Builder
	for i, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		switch {
		case strings.HasPrefix(p, "- "), strings.HasPrefix(p, " "):
			roffCode(&b, Block{Lines: strings.Split(dedent(p), "\n")}, i == 0)
		case i > 0:
			fmt.Fprintf(&b, ".PP\n%s\n", Roff(p))
		default:
			fmt.Fprintf(&b, "%s\n", Roff(p))
		}
	}
	return b.String()
}

// dedent removes the spaces that begin every line.
func dedent(text string) string {
	for !strings.Contains("\n"+text, "\n\n") && strings.Count("\n"+text, "\n ") == strings.Count("\n"+text, "\n") {
		text = strings.TrimPrefix(strings.ReplaceAll("\n"+text, "\n ", "\n"), "\n")
	}
	return text
}

func roffList(b *strings.Builder, block Block) {
	for _, item := range block.Items {
		mark, width := `\(bu`, 2
		if item.Mark != "-" {
			mark, width = item.Mark, 4
		}
		fmt.Fprintf(b, ".IP %s %d\n", mark, width)
		roffBlocks(b, item.Blocks, true)
	}
}

func roffTable(b *strings.Builder, block Block) {
	for _, row := range block.Rows {
		var texts []string
		for j, cell := range row[1:] {
			if cell != "" {
				texts = append(texts, Roff(labelOf(block.Head, j+1))+roffSpans(cell))
			}
		}
		RoffTerm(b, roffBold(row[0]), strings.Join(texts, "\n.br\n"))
	}
}

// RoffTerm writes a term with its description, both of them escaped.
func RoffTerm(b *strings.Builder, term, text string) {
	if text == "" {
		text = `\&`
	}
	fmt.Fprintf(b, ".TP\n%s\n%s\n", term, text)
}

// roffBold writes a term. One without a style of its own is bold.
func roffBold(cell string) string {
	for _, s := range spans(cell) {
		if s.style != normal {
			return roffSpans(cell)
		}
	}
	return `\fB` + Roff(plain(cell)) + `\fR`
}

// roffSpans writes Markdown with its styles.
func roffSpans(text string) string {
	var b strings.Builder
	for _, s := range spans(text) {
		switch escaped := escape(s.text); s.style {
		case code, bold:
			b.WriteString(`\fB` + escaped + `\fR`)
		case emphasis:
			b.WriteString(`\fI` + escaped + `\fR`)
		default:
			b.WriteString(escaped)
		}
	}
	return startSafe(b.String())
}

// Roff escapes text for troff: the escape character, quotes and hyphens that troff would
// replace by typographic ones, and a dot at the beginning of a line
// (groff_char(7), groff_man_style(7)).
func Roff(text string) string { return startSafe(escape(text)) }

func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`,
		"…", `\(el`, "↵", `\(CR`, "‡", `\(dd`, "→", `\(->`).Replace(text)
	return strings.ReplaceAll(text, "\n.", "\n\\&.")
}

func startSafe(text string) string {
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return text
}
