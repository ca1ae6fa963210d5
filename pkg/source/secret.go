package source

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret holds a value that must not be printed. Every formatting verb, slog,
// and the JSON, text and YAML encoders give [redacted], for a Secret inside an
// unexported field too (there fmt bypasses methods and prints a pointer). The
// zero Secret is empty.
type Secret struct{ box *box }

// box is behind a pointer so that fmt, which reads unexported fields by
// reflection, finds an address and not the bytes.
type box struct{ value []byte }

// NewSecret wraps value, which the caller no longer changes.
func NewSecret(value []byte) Secret { return Secret{&box{value}} }

// Reveal returns the value. It is the one way out; the caller does not change
// the bytes.
func (s Secret) Reveal() []byte {
	if s.box == nil {
		return nil
	}
	return s.box.value
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
