package manual

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// itemMark matches the mark of a list item. It is compiled when a page is read, not at
// the start of the program.
var itemMark = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(-|\d+\.) +`) })

// Parse reads a page. It fails for Markdown that the pages do not use: HTML, quotations,
// rules.
func Parse(text string) (Page, error) {
	title, body, _ := strings.Cut(strings.TrimLeft(withoutComments(text), "\n"), "\n")
	name, ok := strings.CutPrefix(title, "# ")
	if !ok {
		return Page{}, fmt.Errorf("page begins with %q and not with a title", title)
	}
	blocks, err := parse(strings.Split(body, "\n"))
	return Page{Title: name, Blocks: blocks}, err
}

func withoutComments(text string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, "<!--")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, text, _ = strings.Cut(after, "-->")
	}
}

// parse reads the blocks of lines.
func parse(lines []string) (blocks []Block, err error) {
	for len(lines) > 0 {
		line := lines[0]
		var b Block
		n := 1
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "!["): // a picture
			lines = lines[1:]
			continue
		case strings.HasPrefix(line, "```"):
			b, n = fenced(lines)
		case strings.HasPrefix(line, "    "):
			b, n = indented(lines)
		case strings.HasPrefix(line, "## "), strings.HasPrefix(line, "### "):
			mark, text, _ := strings.Cut(line, " ")
			b = Block{Kind: Heading, Level: len(mark), Text: text}
		case strings.HasPrefix(line, "|"):
			b, n = table(lines)
		case itemMark().MatchString(line):
			b, n, err = list(lines)
		case strings.ContainsAny(line[:1], "<>#= "), strings.HasPrefix(line, "---"):
			err = fmt.Errorf("line %q is of a kind that is not read", line)
		default:
			b, n = paragraph(lines)
		}
		if err != nil {
			return nil, err
		}
		blocks, lines = append(blocks, b), lines[n:]
	}
	return blocks, nil
}

func fenced(lines []string) (Block, int) {
	b := Block{Kind: Code, Lang: strings.TrimPrefix(lines[0], "```")}
	for i, line := range lines[1:] {
		if line == "```" {
			return b, i + 2
		}
		b.Lines = append(b.Lines, line)
	}
	return b, len(lines)
}

// indented reads code that is indented by four spaces. Empty lines are part of it if
// indented lines follow.
func indented(lines []string) (Block, int) {
	b, n := Block{Kind: Code}, 0
	for i, line := range lines {
		code, ok := strings.CutPrefix(line, "    ")
		switch {
		case ok:
			for n < i {
				b.Lines, n = append(b.Lines, ""), n+1
			}
			b.Lines, n = append(b.Lines, code), i+1
		case line != "":
			return b, n
		}
	}
	return b, n
}

// paragraph reads a paragraph. A line that begins with bold text, such as "Fix.", begins
// another one, which is easier to see without the bold.
func paragraph(lines []string) (Block, int) {
	n := 1
	for n < len(lines) && lines[n] != "" && !slices.ContainsFunc([]string{"```", "|", "#", "- ", "**"}, func(mark string) bool { return strings.HasPrefix(lines[n], mark) }) {
		n++
	}
	return Block{Kind: Paragraph, Text: strings.Join(lines[:n], "\n")}, n
}

// table reads a table: its head, a line of dashes, its rows.
func table(lines []string) (b Block, n int) {
	b.Kind = Table
	for n < len(lines) && strings.HasPrefix(lines[n], "|") {
		switch {
		case n == 0:
			b.Head = cells(lines[n])
		case n > 1:
			b.Rows = append(b.Rows, cells(lines[n]))
		}
		n++
	}
	return b, n
}

// cells splits a row. A bar in a cell is written \|, in code too.
func cells(row string) (list []string) {
	row = strings.ReplaceAll(strings.TrimSpace(row), `\|`, "\x00")
	for _, cell := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|"), "|") {
		list = append(list, strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|")))
	}
	return list
}

// list reads the items of a list. What is indented to the text of an item belongs to it.
func list(lines []string) (b Block, n int, err error) {
	b.Kind = List
	for n < len(lines) {
		mark := itemMark().FindString(lines[n])
		if mark == "" {
			break
		}
		own := []string{lines[n][len(mark):]}
		indent := strings.Repeat(" ", len(mark))
		end := n + 1
		for i := n + 1; i < len(lines); i++ {
			text, ok := strings.CutPrefix(lines[i], indent)
			if !ok && lines[i] != "" {
				break
			}
			own = append(own, text)
			if ok {
				end = i + 1
			}
		}
		blocks, err := parse(own[:end-n])
		if err != nil {
			return b, n, err
		}
		b.Items = append(b.Items, Item{Mark: strings.TrimSpace(mark), Blocks: blocks})
		for n = end; n+1 < len(lines) && lines[n] == "" && itemMark().MatchString(lines[n+1]); n++ {
		}
	}
	return b, n, nil
}
