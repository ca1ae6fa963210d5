// Package secretfile reads and writes files with secrets in plain text: exports and
// imports in JSON, YAML and dotenv ([Parse], [Write]), .env files for the environment of a
// program ([ParseDotenv], [ParsePrinted]), and answers for --fixtures ([ParseFixtures]).
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
	"path/filepath"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Formats, as flags and file names spell them.
const (
	JSON = "json"
	YAML = "yaml"
	// Dotenv permits names of letters, digits and _ only. A value is bare, in single
	// quotes (literal, over several lines too), or in double quotes, in which \n, \r,
	// \t and \ before another character are escapes. Nothing is expanded.
	Dotenv = "dotenv"
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

// FormatOf returns the format that a file's name suggests, or "".
func FormatOf(path string) string {
	base := filepath.Base(path)
	switch ext := filepath.Ext(base); {
	case ext == ".json":
		return JSON
	case ext == ".yaml" || ext == ".yml":
		return YAML
	case ext == ".env" || strings.HasPrefix(base, ".env"):
		return Dotenv
	}
	return ""
}

// Parse reads a file. A duplicate name is an error.
func Parse(format string, data []byte) ([]Entry, error) {
	var entries []Entry
	var err error
	switch format {
	case JSON:
		entries, err = parseJSON(data)
	case YAML:
		entries, err = parseYAML(data)
	case Dotenv:
		entries, err = parseDotenv(data)
	default:
		return nil, fmt.Errorf("no format %q", format)
	}
	if err != nil {
		return nil, err
	}
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
	entries = slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	switch format {
	case JSON:
		return writeJSON(entries)
	case YAML:
		return writeYAML(entries)
	case Dotenv:
		return writeDotenv(entries)
	}
	return nil, fmt.Errorf("no format %q", format)
}
