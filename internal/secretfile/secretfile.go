// Package secretfile reads and writes files that hold secrets in clear: exports
// and imports in JSON, YAML and dotenv ([Parse], [Write]), .env files of a
// program's environment ([ParseDotenv]), and answers for --fixtures
// ([ParseFixtures]). What Write writes, Parse reads back byte for byte. Errors
// name the place in a file and never quote its content.
//
// In JSON and YAML an export is one object of names and values. A value is text,
// also where it looks like a number, or an object {base64: ...} for bytes that
// are not text. In dotenv a line is NAME=VALUE, see [Dotenv].
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
	// Dotenv holds names of letters, digits and _ alone. A value is bare, in
	// single quotes (literal, over several lines too), or in double quotes,
	// where \n, \r, \t and \ before another character count. Nothing is expanded.
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

// notValue is the fault of an entry that holds something else than a value.
func notValue(name, what string) string {
	return fmt.Sprintf("%s: %s is not a value: it takes text, or {base64: ...}", source.Show(name), what)
}

// SyntaxError says where a file cannot be read.
type SyntaxError struct {
	Line int // from 1; 0: not known
	Msg  string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

// ErrUnfit: a name or value that the format cannot hold.
var ErrUnfit = errors.New("does not fit the format")

// FormatOf guesses from a file's name; "" where it says nothing.
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

// Parse reads a file. A name that is there twice is an error: nobody can tell
// which of them is meant.
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

// Write returns the text of a file, sorted by name. The errors of all entries
// that do not fit are joined, each a *source.RefError.
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
