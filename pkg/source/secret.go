package source

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret holds a value that must not be printed. Every formatting verb, slog,
// and the JSON, text and YAML encoders give [redacted], for a Secret inside an
// unexported field too (there fmt calls no method and prints an address). The
// zero Secret is empty.
type Secret struct{ box *box }

// box keeps the value in a function's closure, where reflection finds no way to
// it. A pointer is not enough: fmt follows one in an unexported field where the
// verb does not suit it, as %s and %q do not.
type box struct{ open func() []byte }

// NewSecret wraps value, which the caller no longer changes.
func NewSecret(value []byte) Secret { return Secret{&box{func() []byte { return value }}} }

// Reveal returns the value. It is the one way out; the caller does not change
// the bytes.
func (s Secret) Reveal() []byte {
	if s.box == nil {
		return nil
	}
	return s.box.open()
}

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; encoding/json and XML use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML returns "[redacted]".
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
