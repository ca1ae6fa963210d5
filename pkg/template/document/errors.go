package document

import (
	"errors"
	"fmt"
	"strings"
)

// Error is why a text is not a document.
type Error struct {
	Format    string // JSON, YAML or TOML
	Line, Col int    // 1-based; 0 where unknown
	Msg       string // holds nothing of the text
	// Detail is what the parser has to say. It may quote the text; empty where it
	// adds nothing.
	Detail string
	empty  bool
}

// ErrEmpty is what an [Error] wraps where there is no document at all.
var ErrEmpty = errors.New("empty document")

// Unwrap returns [ErrEmpty], or nil.
func (e *Error) Unwrap() error {
	if e.empty {
		return ErrEmpty
	}
	return nil
}

func (e *Error) Error() string { return e.place() + e.Msg }

// Full is the message with what the parser has to say. It may quote the text.
func (e *Error) Full() string {
	if e.Detail == "" {
		return e.Error()
	}
	return e.place() + e.Detail
}

func (e *Error) place() string {
	switch {
	case e.Line == 0:
		return ""
	case e.Col == 0:
		return fmt.Sprintf("line %d: ", e.Line)
	}
	return fmt.Sprintf("line %d, column %d: ", e.Line, e.Col)
}

func empty(format string) *Error {
	return &Error{Format: format, empty: true, Msg: fmt.Sprintf(`the input is empty; for a value that may be missing: default "null" X | from%s`,
		format[:1]+strings.ToLower(format[1:]))}
}

// at returns the line and column of an offset.
func at(text string, offset int) (line, col int) {
	before := text[:max(0, min(offset, len(text)))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// Bounds of a document, which aliases and brackets can make endless.
const (
	maxDepth = 1000
	maxNodes = 1_000_000
)
