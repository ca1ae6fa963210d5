// Package blob encrypts and decrypts single values as files, for S3 or a repository.
//
// Up to 4,096 bytes that is what
//
//	aws kms encrypt --output text --query CiphertextBlob
//
// prints: base64. [Open] takes it raw too, in every other form that the command
// prints, and with what shells and editors add to those. KMS encrypts no more than that itself; a larger
// value, or an empty one, is in an envelope, which is text:
//
//	credrender-envelope/1
//	BASE64
//
// The second line is the base64 (RFC 4648, one line) of
//
//	32 bytes  SHA-256 of all that follows
//	 2 bytes  n, big-endian
//	 n bytes  the data key, 32 bytes, wrapped by KMS with the encryption context
//	12 bytes  nonce
//	the rest  AES-256-GCM of the value, its tag at the end; the additional data
//	          are the first line, its line feed included, and the wrapped key
//
// The hash is not a secret and does not stop a forger: it tells a damaged file from a
// wrong context, which KMS does not. The first line has a "-", which is not in base64,
// and a raw blob of KMS begins with control characters, so that neither is taken for
// an envelope. A file whose first line is nearly right is a damaged envelope.
package blob

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
)

// Limits of KMS (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
const (
	maxPlain = 4096
	maxBlob  = 6144
)

// MaxSize is the most bytes of a value that [Seal] takes, and of a file that
// [Open] takes half as much again.
const MaxSize = 16 << 20

// Sealer is KMS with a key to write with.
type Sealer interface {
	// Encrypt returns a blob of 1 to 4096 bytes.
	Encrypt(ctx context.Context, plain []byte, encryptionContext map[string]string) ([]byte, error)
	// GenerateDataKey returns n random bytes, plain and wrapped.
	GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error)
}

// Decrypter is KMS.
type Decrypter interface {
	// Decrypt opens what a Sealer made. It fails with source.ErrWrongContext
	// where the context is another.
	Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error)
}

// Seal encrypts a value. The result is text and ends in a line feed. A value
// above MaxSize is source.ErrTooLarge.
func Seal(ctx context.Context, k Sealer, plain []byte, c source.Context) ([]byte, error) {
	switch {
	case len(plain) > MaxSize:
		return nil, fmt.Errorf("%w: %d bytes; the limit is %d", source.ErrTooLarge, len(plain), MaxSize)
	case len(plain) == 0 || len(plain) > maxPlain:
		return sealEnvelope(ctx, k, plain, c)
	}
	b, err := k.Encrypt(ctx, plain, c.Map())
	if err != nil {
		return nil, err
	}
	return append([]byte(base64.StdEncoding.EncodeToString(b)), '\n'), nil
}

// Open decrypts what [Seal] or `aws kms encrypt` made. A file that is neither,
// and an envelope that has changed in any byte, are source.ErrIntegrity; an object of
// sneaker is source.ErrUnsupported. KMS is asked for none of them. Of a bare blob KMS
// itself does not tell whether it is damaged or the context wrong, which is
// source.ErrWrongContext.
func Open(ctx context.Context, k Decrypter, data []byte, c source.Context) ([]byte, error) {
	data = plainText(data)
	if resembles(data) {
		return openEnvelope(ctx, k, data, c)
	}
	b, err := ciphertext(data)
	if err != nil {
		return nil, err
	}
	plain, err := k.Decrypt(ctx, b, c.Map())
	// A newline after a raw blob may be an editor's or the blob's own last byte. KMS
	// authenticates the blob, so that at most one of the two opens.
	if line, ok := bytes.CutSuffix(b, []byte("\n")); ok && errors.Is(err, source.ErrWrongContext) {
		if plain, retryErr := k.Decrypt(ctx, bytes.TrimSuffix(line, []byte("\r")), c.Map()); retryErr == nil {
			return plain, nil
		}
	}
	return plain, err
}
