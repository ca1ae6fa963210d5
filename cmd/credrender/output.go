package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/credrender/credrender/pkg/template/mask"
)

// outputError says where a write failed.
func outputError(err error) error {
	if err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// printf prints text for people: what a terminal would obey is written out.
func printf(w io.Writer, format string, args ...any) error {
	_, err := io.WriteString(w, mask.VisibleLines(fmt.Sprintf(format, args...)))
	return outputError(err)
}

func (a *app) write(data []byte) error {
	_, err := a.stdout.Write(data)
	return outputError(err)
}

// errObeyed is the error for a value that a terminal would not only show.
var errObeyed = errors.New("holds characters that a terminal obeys: '| cat -v' shows them, and '> FILE' keeps the value as it is")

// writeValue prints a value byte for byte. On a terminal a newline follows.
func (a *app) writeValue(value []byte) error {
	if a.atTerminal(a.stdout) && !bytes.HasSuffix(value, []byte("\n")) {
		value = append(bytes.Clone(value), '\n')
	}
	return a.writeContent(value)
}

// writeContent prints what holds values byte for byte. It refuses on a terminal what that
// would obey: who may write a secret must not act on the terminal of those who read it.
func (a *app) writeContent(text []byte) error {
	if a.atTerminal(a.stdout) && mask.Acts(text) {
		return errObeyed
	}
	return a.write(text)
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(mask.JSON(a.stdout))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return outputError(e.Encode(v))
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// count returns a number of things, such as "1 secret" or "2 secrets".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands returns a number with commas, as in 12,345.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// resultFlags are the flags for the form of a result: -o and --no-headers. A command with
// a result in columns has both.
type resultFlags struct {
	format    string
	noHeaders bool
}

// register adds -o with a choice of formats, and --no-headers.
func (f *resultFlags) register(c *cobra.Command, choices string) {
	outputFlag(c, &f.format, choices, "text")
	f.registerHeaders(c)
}

// registerHeaders adds --no-headers alone, for commands in which -o has another meaning.
func (f *resultFlags) registerHeaders(c *cobra.Command) {
	c.Flags().BoolVar(&f.noHeaders, "no-headers", false, "print no line with the names of the columns")
}

// isJSON reports whether -o json is given.
func (f *resultFlags) isJSON() bool { return f.format == "json" }

// table is a result in columns. A cell holds no tab and no line break.
type table struct {
	columns []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// printTable prints a table in aligned columns, below a header. Columns without any text
// are left out, and of a table without rows nothing is printed.
func (a *app) printTable(t table, f resultFlags) error {
	if len(t.rows) == 0 {
		return nil
	}
	lines := t.rows
	if !f.noHeaders {
		lines = append([][]string{t.columns}, t.rows...)
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range lines {
		var kept []string
		for i, cell := range cells {
			if t.hasText(i) {
				kept = append(kept, cell)
			}
		}
		_, _ = fmt.Fprintln(w, mask.Visible(strings.Join(kept, "\t"))) // a buffer takes all
	}
	_ = w.Flush()
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return a.write([]byte(out.String()))
}

// printResult prints a result in the form of -o: list as JSON, or the table.
func (a *app) printResult(o resultFlags, list any, t table) error {
	if o.isJSON() {
		return a.printJSON(list)
	}
	return a.printTable(t, o)
}

// hasText reports whether a column has text in any row.
func (t *table) hasText(column int) bool {
	for _, cells := range t.rows {
		if cells[column] != "" {
			return true
		}
	}
	return false
}

// colorFlag adds --color, for commands that print diffs.
func colorFlag(c *cobra.Command, choice *string) {
	choiceFlag(c, choice, "color", "", "auto", "auto|always|never", "color the diffs; auto does on a terminal, unless NO_COLOR is set")
}

// colors reports whether standard output gets colors (https://no-color.org).
func (a *app) colors(choice string) bool {
	if choice != "auto" {
		return choice == "always"
	}
	if none, _ := a.lookupEnv("NO_COLOR"); none != "" {
		return false
	}
	term, _ := a.lookupEnv("TERM")
	return a.atTerminal(a.stdout) && term != "dumb"
}

// The sequences that begin and end a color (ECMA-48, SGR).
const (
	bold     = "\x1b[1m"
	red      = "\x1b[31m"
	green    = "\x1b[32m"
	cyan     = "\x1b[36m"
	endColor = "\x1b[m"
)

// colorDiff colors the lines of a unified diff as git does.
func colorDiff(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		text := strings.TrimSuffix(line, "\n")
		if color := diffColor(text); color != "" {
			b.WriteString(color + text + endColor + line[len(text):])
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func diffColor(line string) string {
	for _, kind := range []struct{ start, color string }{
		{"--- ", bold}, {"+++ ", bold}, {"@@", cyan}, {"-", red}, {"+", green},
	} {
		if strings.HasPrefix(line, kind.start) {
			return kind.color
		}
	}
	return ""
}
