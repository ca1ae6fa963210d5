// Package compat holds what the command lines of credstash and credsmash share: output
// of Python's logging and of botocore.
package compat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// Listed returns a name or comment for a list on standard output: as it is, since scripts
// read it, but for a terminal as [Word] shows it.
func Listed(s string, terminal bool) string {
	if terminal {
		return Word(s)
	}
	return s
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
