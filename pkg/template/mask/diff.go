package mask

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// withheld stands for a line of the old file.
const withheld = " (hidden)"

// Diff returns a unified diff from old to text, with three lines around each
// change, or "" where they are equal. old is nil for a file that is not there.
//
// Lines of text are masked. A line of old that is gone is shown only where it
// equals a line that may be shown, and else reads "- (hidden)". Runs of equal
// lines of which something is hidden become one, with a count; so the diff is
// for reading and not for patch(1).
func Diff(name string, old []byte, text Text) string {
	if old != nil && bytes.Equal(old, text.bytes) {
		return ""
	}
	from := name
	if old == nil {
		from = "/dev/null"
	}
	header := fmt.Sprintf("--- %s\n+++ %s\n", Visible(from), Visible(name))
	if isBinary(old) || isBinary(text.bytes) {
		return header + "Binary files differ\n"
	}
	// Real lines are compared, and none of what this returns is printed.
	edits := udiff.Lines(string(old), string(text.bytes))
	diff, err := udiff.ToUnifiedDiff(from, name, string(old), edits, udiff.DefaultContextLines)
	if err != nil { // edits made for another text; they are not
		return header + "(not shown)\n"
	}
	d := differ{lines: text.lines(), known: text.known()}
	d.out.WriteString(header)
	for _, h := range diff.Hunks {
		d.hunk(h)
	}
	return d.out.String()
}

func isBinary(b []byte) bool { return bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b) }

// known returns the lines that may be shown wherever they stand.
func (t Text) known() map[string]bool {
	known := map[string]bool{}
	for _, l := range t.literals {
		known[l] = true
	}
	for _, l := range t.lines() {
		if l.clean {
			known[l.real] = true
		}
	}
	return known
}

type differ struct {
	out   strings.Builder
	lines []line // of the new file
	known map[string]bool
}

// row is a line of a hunk as it is printed.
type row struct {
	text   string // with its sign
	end    string
	hidden bool
}

func (d *differ) hunk(h *udiff.Hunk) {
	var rows []row
	removed, added := 0, 0
	at := h.ToLine - 1
	for _, l := range h.Lines {
		switch l.Kind {
		case udiff.Delete:
			removed++
			rows = append(rows, d.old(l.Content))
			continue
		case udiff.Equal:
			removed++
			rows = append(rows, d.new(" ", at))
		default:
			rows = append(rows, d.new("+", at))
		}
		added++
		at++
	}
	fmt.Fprintf(&d.out, "@@ -%s +%s @@\n", extent(h.FromLine, removed), extent(h.ToLine, added))
	d.rows(rows)
}

// extent is "first line,lines"; as in diff -u, the line before where there are
// none.
func extent(first, lines int) string {
	switch lines {
	case 0:
		return fmt.Sprintf("%d,0", first-1)
	case 1:
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d,%d", first, lines)
}

func (d *differ) old(content string) row {
	text, end := strings.TrimSuffix(content, "\n"), ""
	if text != content {
		end = "\n"
	}
	if d.known[text] {
		return row{"-" + Visible(text), end, false}
	}
	return row{"-" + withheld, end, true}
}

func (d *differ) new(sign string, at int) row {
	if at >= len(d.lines) { // cannot be; and then nothing is shown
		return row{sign + withheld, "\n", true}
	}
	l := d.lines[at]
	return row{sign + l.shown, l.end, !l.clean}
}

// rows prints a hunk, with runs of equal masked rows as one.
func (d *differ) rows(rows []row) {
	for i := 0; i < len(rows); {
		n := 1
		for rows[i].hidden && i+n < len(rows) && rows[i+n].text == rows[i].text {
			n++
		}
		d.out.WriteString(rows[i].text)
		if n > 1 {
			fmt.Fprintf(&d.out, " (%d lines)", n)
		}
		d.out.WriteString("\n")
		if rows[i+n-1].end == "" {
			d.out.WriteString("\\ No newline at end of file\n")
		}
		i += n
	}
}
