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
