package docs_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// The picture in the README is drawn from a real run of session.console, of which the
// part above the line of dashes is not shown. UPDATE_DOCS=1 writes both files.
func TestSessionPicture(t *testing.T) {
	t.Parallel()
	const source, picture = "session.console", "session.svg"
	hidden, shown, ok := strings.Cut(read(t, source), "----\n")
	if !ok {
		t.Fatalf("%s has no line of dashes", source)
	}
	p := parsePage("```console\n" + hidden + shown + "```\n")
	problems := p.run(t)
	text := strings.TrimSuffix(strings.TrimPrefix(p.text(), "```console\n"), "```\n")
	text = strings.TrimPrefix(text, hidden)
	drawn := draw(text)
	if os.Getenv("UPDATE_DOCS") != "" {
		for path, content := range map[string]string{source: hidden + "----\n" + text, picture: drawn} {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	if drawn != read(t, picture) {
		t.Errorf("%s is not the picture of %s: UPDATE_DOCS=1 go test ./docs -run TestSessionPicture", picture, source)
	}
}

// Sizes of the picture, in its units.
const (
	lineHeight, charWidth = 19, 8.2
	margin, titleHeight   = 18, 34
)

// draw draws a terminal with that text.
func draw(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	longest := 0
	for _, line := range lines {
		longest = max(longest, utf8.RuneCountInString(line))
	}
	width, height := int(float64(longest)*charWidth)+2*margin, len(lines)*lineHeight+titleHeight+margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A session in a terminal">
<style>text { font: 13.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #c9d1d9 } .command { fill: #ffffff; font-weight: 600 } .comment { fill: #8b949e } .add { fill: #7ee787 } .remove, .error { fill: #ffa198 }</style>
<rect width="%d" height="%d" rx="8" fill="#0d1117"/>
<circle cx="20" cy="17" r="5" fill="#ff5f56"/><circle cx="38" cy="17" r="5" fill="#ffbd2e"/><circle cx="56" cy="17" r="5" fill="#27c93f"/>
`, width, height, width, height, width, height)
	for i, line := range lines {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" xml:space=\"preserve\" textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n",
			margin, titleHeight+i*lineHeight+13, float64(utf8.RuneCountInString(line))*charWidth, spans(line))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// spans colors a line by what it is.
func spans(line string) string {
	command, comment, commented := strings.Cut(line, "   # ")
	switch {
	case strings.HasPrefix(line, "$ ") && commented:
		return span("command", command) + span("comment", "   # "+comment)
	case strings.HasPrefix(line, "$ "):
		return span("command", line)
	case strings.HasPrefix(line, "+"):
		return span("add", line)
	case strings.HasPrefix(line, "-"):
		return span("remove", line)
	case strings.Contains(line, "error: "):
		return span("error", line)
	}
	return span("", line)
}

func span(class, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	if class == "" {
		return b.String()
	}
	return `<tspan class="` + class + `">` + b.String() + `</tspan>`
}
