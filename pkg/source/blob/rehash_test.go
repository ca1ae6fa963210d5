package blob_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
)

// rehash makes an envelope of a body, with the hash that belongs to it.
func rehash(body []byte) []byte {
	body = bytes.Clone(body)
	sum := sha256.Sum256(body[32:])
	copy(body, sum[:])
	return []byte("credrender-envelope/1\n" + base64.StdEncoding.EncodeToString(body) + "\n")
}
