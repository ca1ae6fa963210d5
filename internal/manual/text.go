package manual

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Width is the line length of text.
const Width = 80

// The columns in which text and code begin.
const (
	textIndent = 2
	codeIndent = 6
)

// Text returns a page in lines of Width, for a terminal. A word or a template that is
// longer than a line has a longer one.
func (p Page) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", quoted(p.Title))
	writeBlocks(&b, p.Blocks, textIndent)
	return b.String()
}

func writeBlocks(b *strings.Builder, blocks []Block, indent int) {
	for i, block := range blocks {
		if i > 0 || indent == textIndent {
			b.WriteByte('\n')
		}
		switch block.Kind {
		case Heading:
			fmt.Fprintln(b, heading(block))
		case Paragraph:
			writeFilled(b, quoted(block.Text), indent, indent)
		case Code:
			writeCode(b, block, indent)
		case Table:
			writeTable(b, block, indent)
		case List:
			writeList(b, block, indent)
		}
	}
}

// heading prints sections in capitals, except for the code in them.
func heading(b Block) string {
	if b.Level > 2 {
		return plain(b.Text)
	}
	var line strings.Builder
	for _, s := range spans(b.Text) {
		if s.style != code {
			s.text = strings.ToUpper(s.text)
		}
		line.WriteString(s.text)
	}
	return line.String()
}

// quoted returns Markdown as text: code keeps its backticks, since * and # alone would be
// hard to see.
func quoted(text string) string {
	var b strings.Builder
	for _, s := range spans(text) {
		if s.style == code {
			s.text = "`" + s.text + "`"
		}
		b.WriteString(s.text)
	}
	return b.String()
}

func writeList(b *strings.Builder, block Block, indent int) {
	for _, item := range block.Items {
		mark := strings.Repeat(" ", indent) + item.Mark + " "
		var own strings.Builder
		writeBlocks(&own, item.Blocks, len(mark))
		b.WriteString(mark + strings.TrimLeft(own.String(), " "))
	}
}

// writeTable prints columns if they fit, else each row as a term with what follows it. A
// table without a head is a list of many terms, with no empty lines between them.
func writeTable(b *strings.Builder, block Block, indent int) {
	rows := block.Rows
	if strings.Join(block.Head, "") != "" {
		rows = append([][]string{block.Head}, rows...)
	}
	if lines, ok := columns(rows, indent); ok {
		fmt.Fprintln(b, strings.Join(lines, "\n"))
		return
	}
	if block.Head == nil {
		writeTerms(b, rows, indent)
		return
	}
	for i, row := range block.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeFilled(b, plain(row[0]), indent, indent+4)
		for j, cell := range row[1:] {
			if cell != "" {
				writeFilled(b, labelOf(block.Head, j+1)+quoted(cell), indent+4, indent+4)
			}
		}
	}
}

// maxTerm is the longest term that has its text beside it.
const maxTerm = 22

// writeTerms prints terms with their text beside them, or below a term that is longer.
func writeTerms(b *strings.Builder, rows [][]string, indent int) {
	width := 0
	for _, row := range rows {
		width = max(width, min(maxTerm, utf8.RuneCountInString(plain(row[0]))))
	}
	for _, row := range rows {
		text := strings.Repeat(" ", indent) + plain(row[0])
		at := indent + width + 2
		if utf8.RuneCountInString(text)+2 > at {
			fmt.Fprintln(b, text)
			text = ""
		}
		for _, cell := range row[1:] {
			var own strings.Builder
			writeFilled(&own, quoted(cell), at, at)
			b.WriteString(text + own.String()[utf8.RuneCountInString(text):])
			text = ""
		}
	}
}

// labelOf returns what stands before a cell: the title of its column, or nothing for the
// first one after the term.
func labelOf(head []string, column int) string {
	if column < 2 || column >= len(head) || head[column] == "" {
		return ""
	}
	return plain(head[column]) + ": "
}

func columns(rows [][]string, indent int) (lines []string, ok bool) {
	var widths []int
	texts := make([][]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			text := quoted(cell)
			if j == 0 {
				text = plain(cell) // a term: its code needs no backticks
			}
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(text))
			texts[i] = append(texts[i], text)
		}
	}
	for _, row := range texts {
		line := strings.Repeat(" ", indent)
		for j, text := range row {
			line += text + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(text)+2)
		}
		line = strings.TrimRight(line, " ")
		if utf8.RuneCountInString(line) > Width {
			return nil, false
		}
		lines = append(lines, line)
	}
	return lines, true
}

// writeFilled prints words in lines. The first line is indented by first, the others by
// rest.
func writeFilled(b *strings.Builder, text string, first, rest int) {
	for _, line := range Fill(text, strings.Repeat(" ", first), strings.Repeat(" ", rest), Width) {
		fmt.Fprintln(b, line)
	}
}

// Fill returns the words of a text in lines of a width: the first one, which may be empty,
// after first, and the others after rest.
func Fill(text, first, rest string, width int) (lines []string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, line)
}
