package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

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
