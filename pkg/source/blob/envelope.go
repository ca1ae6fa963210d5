package blob

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
)

const (
	magic   = "credrender-envelope/1\n"
	keySize = 32
)

// resembles reports whether data is an envelope, or was one before a byte of its first
// line was changed, added or removed: half of that line is as it was then. No ciphertext
// of KMS, nor its base64, has either half there.
func resembles(data []byte) bool {
	half := len(magic) / 2
	first := data[:min(len(data), len(magic)+1)]
	return bytes.HasPrefix(first, []byte(magic[:half])) || bytes.Contains(first, []byte(magic[half:]))
}

func sealEnvelope(ctx context.Context, k Sealer, plain []byte, c source.Context) ([]byte, error) {
	key, wrapped, err := k.GenerateDataKey(ctx, keySize, c.Map())
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	body := make([]byte, sha256.Size, sha256.Size+2+len(wrapped)+len(plain)+aead.Overhead())
	body = binary.BigEndian.AppendUint16(body, uint16(len(wrapped)))
	body = append(body, wrapped...)
	body = aead.Seal(body, nil, plain, additional(wrapped)) //nolint:gosec // it makes its own nonce
	sum := sha256.Sum256(body[sha256.Size:])
	copy(body, sum[:])
	return encode(body), nil
}

func encode(body []byte) []byte {
	out := make([]byte, 0, len(magic)+base64.StdEncoding.EncodedLen(len(body))+1)
	out = append(out, magic...)
	out = base64.StdEncoding.AppendEncode(out, body)
	return append(out, '\n')
}

func openEnvelope(ctx context.Context, k Decrypter, data []byte, c source.Context) ([]byte, error) {
	wrapped, sealed, err := divide(data)
	if err != nil {
		return nil, err
	}
	key, err := k.Decrypt(ctx, wrapped, c.Map())
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed, additional(wrapped))
	if err != nil {
		return nil, damaged("its contents were changed")
	}
	return plain, nil
}

// divide takes an envelope apart. Nothing has been authenticated yet.
func divide(data []byte) (wrapped, sealed []byte, err error) {
	text, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, nil, damaged("its first line was changed, or is that of a later version")
	}
	body, err := base64.StdEncoding.DecodeString(string(text))
	// The decoder passes over line breaks and the last bits of a last digit.
	if err != nil || !bytes.Equal(encode(body), data) || len(body) < sha256.Size+2 {
		return nil, nil, damaged("it is not what was written")
	}
	sum := sha256.Sum256(body[sha256.Size:])
	if !bytes.Equal(sum[:], body[:sha256.Size]) {
		return nil, nil, damaged("its hash does not match")
	}
	body = body[sha256.Size:]
	n := int(binary.BigEndian.Uint16(body))
	if body = body[2:]; n > len(body) {
		return nil, nil, damaged("it is too short")
	}
	return body[:n], body[n:], nil
}

func damaged(why string) error {
	return fmt.Errorf("%w: the envelope: %s", source.ErrIntegrity, why)
}

func additional(wrapped []byte) []byte { return slices.Concat([]byte(magic), wrapped) }

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("%w: the envelope: its data key has %d bytes", source.ErrIntegrity, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
