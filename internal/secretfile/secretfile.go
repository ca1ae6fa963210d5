// Package secretfile reads and writes files with secrets in plain text: exports and
// imports ([Parse], [Write]) in the formats that [Readable] lists, .env files for the environment of a
// program ([ParsePrinted]), and answers for --fixtures ([ParseFixtures]).
// Parse returns exactly what Write wrote. Errors give the line in a file and never quote
// its content.
//
// In JSON and YAML an export is one object of names and values. A value is text, even if
// it looks like a number, or an object {base64: ...} for bytes that are not text. In
// dotenv a line is NAME=VALUE, see [Dotenv].
package secretfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

// base64Key marks a value of bytes in JSON and YAML.
const base64Key = "base64"

// Entry is a name and its value.
type Entry struct {
	Name  string
	Value source.Secret
	Line  int // of the file that it was read from; 0: of none
}

// notValue returns the message for an entry that is not a value.
func notValue(name, what string) string {
	return fmt.Sprintf("%s: %s is not a value: it takes text, or {base64: ...}", source.Show(name), what)
}

// SyntaxError reports a file that cannot be parsed.
type SyntaxError struct {
	Line int // from 1; 0: unknown
	Msg  string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

// ErrUnfit reports a name or value that the format cannot represent.
var ErrUnfit = errors.New("does not fit the format")

// Parse reads a file. A duplicate name is an error.
func Parse(format string, data []byte) ([]Entry, error) {
	f, err := find(format)
	if err != nil {
		return nil, err
	}
	entries, err := f.parse(data)
	if err != nil {
		return nil, err
	}
	return unique(entries)
}

// unique refuses empty and duplicate names.
func unique(entries []Entry) ([]Entry, error) {
	seen := map[string]int{}
	for _, e := range entries {
		if e.Name == "" {
			return nil, &SyntaxError{Line: e.Line, Msg: "an empty name"}
		}
		if at, twice := seen[e.Name]; twice {
			return nil, &SyntaxError{Line: e.Line, Msg: fmt.Sprintf("%s is given already on line %d", source.Show(e.Name), at)}
		}
		seen[e.Name] = e.Line
	}
	return entries, nil
}

// Write returns the text of a file, sorted by name. It joins the errors of all entries
// that do not fit, each a *source.RefError.
func Write(format string, entries []Entry) ([]byte, error) {
	f, err := find(format)
	if err != nil {
		return nil, err
	}
	if f.write == nil {
		return nil, fmt.Errorf("format %q is read only", format)
	}
	return f.write(slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return strings.Compare(a.Name, b.Name) }))
}

// eachText calls write for each entry of a format that holds text only. It joins the
// errors of all that do not fit.
func eachText(entries []Entry, write func(name, value string) error) error {
	var all []error
	for _, e := range entries {
		value := string(e.Value.Reveal())
		err := errors.New("the value is binary")
		if utf8.ValidString(value) {
			err = write(e.Name, value)
		}
		if named := checkName(e); named != nil {
			all = append(all, named)
		} else if err != nil {
			all = append(all, unfit(e, err.Error()))
		}
	}
	return errors.Join(all...)
}

func entry(name, value string, line int) Entry {
	return Entry{name, source.NewSecret([]byte(value)), line}
}
