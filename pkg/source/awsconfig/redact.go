package awsconfig

import (
	"bytes"
	"io"
)

// Redact returns a writer for [log.SetOutput] that drops the entries in which net/http
// logs the first bytes of an unsolicited answer, which may be part of a secret. net/http
// closes the connection. All other entries pass.
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
