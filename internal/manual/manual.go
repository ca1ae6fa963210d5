// Package manual prints pages of the documentation on the machine: as text for a
// terminal, and as manual pages.
//
// It reads the part of Markdown that the pages use, and fails for anything else. A
// complete parser (goldmark 1.8) adds 0.8 ms and 550 kB to every start of the program,
// because it compiles its tables when it is initialized.
package manual

import (
	"slices"
	"strings"
)

// Page is a page of the documentation.
type Page struct {
	Title  string
	Blocks []Block
}

// Kind is the kind of a block.
type Kind int

// The kinds of blocks.
const (
	Heading Kind = iota
	Paragraph
	Code
	Table
	List
)

// Block is one block of a page. Text, Head and Rows are Markdown with spans.
type Block struct {
	Kind  Kind
	Level int        // of a heading: 2 or 3
	Text  string     // of a heading or paragraph
	Lang  string     // of code
	Lines []string   // of code
	Head  []string   // of a table
	Rows  [][]string // of a table
	Items []Item     // of a list
}

// Item is one item of a list.
type Item struct {
	Mark   string // "-" or "1."
	Blocks []Block
}

// Section returns the sections of a page whose headings fit words: they occur in the
// heading, or the heading in them, as in a copied error message. If none fits, it has no
// blocks.
func (p Page) Section(words string) Page {
	found := Page{Title: p.Title}
	for i := 0; i < len(p.Blocks); i++ {
		b := p.Blocks[i]
		if b.Kind != Heading || !fits(b.Text, words) {
			continue
		}
		end := i + 1
		for end < len(p.Blocks) && (p.Blocks[end].Kind != Heading || p.Blocks[end].Level > b.Level) {
			end++
		}
		found.Blocks = append(found.Blocks, p.Blocks[i:end]...)
		i = end - 1
	}
	return found
}

func fits(heading, words string) bool {
	heading, words = strings.ToLower(plain(heading)), strings.ToLower(words)
	return strings.Contains(heading, words) || strings.Contains(words, heading)
}

// Links returns the pages that a page links to, such as "sources.md", in order.
func (p Page) Links() (pages []string) {
	eachText(p.Blocks, func(text string) {
		for _, s := range spans(text) {
			page, _, _ := strings.Cut(s.link, "#")
			if strings.HasSuffix(page, ".md") && !strings.Contains(page, "/") && !slices.Contains(pages, page) {
				pages = append(pages, page)
			}
		}
	})
	return pages
}

func eachText(blocks []Block, f func(text string)) {
	for _, b := range blocks {
		f(b.Text)
		for _, row := range b.Rows {
			for _, cell := range row {
				f(cell)
			}
		}
		for _, item := range b.Items {
			eachText(item.Blocks, f)
		}
	}
}
