package txn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// memory is a journal that is not stored on disk.
type memory struct{ key []byte }

// NewMemory returns a journal for runs without a state directory. It is lost with the
// process, so nothing is undone after a crash. Rollback works as usual.
func NewMemory() Journal {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return memory{key}
}

func (memory) Save(Record) error { return nil }

func (m memory) Fingerprint(data []byte) string {
	h := hmac.New(sha256.New, m.key)
	h.Write(data)
	return string(h.Sum(nil))
}

func (m memory) Matches(print string, data []byte) (same, known bool) {
	return hmac.Equal([]byte(m.Fingerprint(data)), []byte(print)), print != ""
}
