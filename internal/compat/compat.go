// Package compat holds what the command lines of credstash and credsmash share: what they
// see of the machine, and output of Python's logging and of botocore.
package compat

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template/mask"
)

// WrongContext is the message of both programs for a wrong encryption context.
const WrongContext = "KMS ERROR: Could not decrypt hmac key with KMS. The encryption context provided may not match the one used when the credential was stored."

// ErrorText formats an error of AWS as botocore does, because scripts search for the
// codes, and returns the refused operation. For other errors, operation is "".
func ErrorText(err error) (text, operation string) {
	failed, ok := errors.AsType[*source.CallError](err)
	if _, stuck := errors.AsType[*limit.StuckError](err); stuck || !ok || failed.Code == "" || failed.Operation == "" {
		return err.Error(), ""
	}
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", failed.Code, failed.Operation, failed.Message), failed.Operation
}

// Word returns a name or another word of somebody else's for a message, in one line: what
// a terminal would obey is written out.
func Word(s string) string { return mask.Visible(s) }

// Machine is the environment of a command line: streams, files and clock.
type Machine struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Terminal       bool // Stdout is one
	LookupEnv      func(name string) (string, bool)
	Now            func() time.Time
	// ReadFile reads a file of the command line or a config, relative to the working
	// directory, and ReadAll reads standard input. Both may fail after a time limit.
	ReadFile func(path string) ([]byte, error)
	ReadAll  func(io.Reader) ([]byte, error)
}

// Print writes a result to standard output.
func (m *Machine) Print(text string) error {
	if _, err := io.WriteString(m.Stdout, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// Listed returns a name or comment for a list on standard output: as it is, since scripts
// read it, but for a terminal as [Word] shows it.
func (m *Machine) Listed(s string) string {
	if m.Terminal {
		return Word(s)
	}
	return s
}

// Width returns the number of characters of the longest name as a list has it.
func (m *Machine) Width(entries []source.Entry) (width int) {
	for _, e := range entries {
		width = max(width, utf8.RuneCountInString(m.Listed(e.Name)))
	}
	return width
}

// Names returns the distinct names of a list that is sorted by name.
func Names(entries []source.Entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Name
	}
	return slices.Compact(all)
}

// LogTime formats a time as Python's logging does.
func LogTime(t time.Time) string {
	return strings.Replace(t.Format("2006-01-02 15:04:05.000"), ".", ",", 1)
}
