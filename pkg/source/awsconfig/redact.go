package awsconfig

import (
	"bytes"
	"io"
)

// Redact returns a writer for package log ([log.SetOutput]) that keeps back what
// net/http writes there of an answer that nobody has asked for: its first bytes,
// which may be a secret's. net/http closes the connection, and nothing else is
// lost. All other entries pass as they are.
func Redact(w io.Writer) io.Writer { return redacting{w} }

type redacting struct{ io.Writer }

// Write implements io.Writer for one log entry.
func (r redacting) Write(entry []byte) (int, error) {
	// As in net/http's persistConn.readLoopPeekFailLocked.
	if bytes.Contains(entry, []byte("Unsolicited response received on idle HTTP channel")) {
		return len(entry), nil
	}
	return r.Writer.Write(entry)
}
