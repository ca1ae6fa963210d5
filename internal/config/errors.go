package config

import (
	"strconv"
	"strings"
)

// Error is one fault in the settings or in a file that they name. Load joins
// all that it finds (errors.Join); each stands on a line of its own.
type Error struct {
	File string // empty: a flag or an environment variable
	Line int    // 0: the file as a whole
	// Key is where it is in the file ("jobs[0].files[1].mode"), or the flag
	// ("--timeout") or variable ("CREDRENDER_TIMEOUT").
	Key  string
	Msg  string
	Hint string // how to fix it; may be empty
	Err  error  // the cause, where there is one
}

// Error gives "file:line: key: message (hint)", less what is empty.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			b.WriteString(":" + strconv.Itoa(e.Line))
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
