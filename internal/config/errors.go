package config

import (
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/template/mask"
)

// Error is one fault in the settings or in a file that they name. Load joins all faults
// (errors.Join), each on a line of its own.
type Error struct {
	File string // empty: a flag or an environment variable
	Line int    // 0: the file as a whole
	// Key is the position in the file ("jobs[0].files[1].mode"), the flag ("--timeout")
	// or the variable ("CREDRENDER_TIMEOUT").
	Key  string
	Msg  string
	Hint string // how to fix it; may be empty
	Err  error  // the cause, if any
}

// Error returns "file:line: key: message (hint)", without the parts that are empty, in one
// line: what a terminal would obey in a path or a key is written out.
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
	return mask.Visible(b.String())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
