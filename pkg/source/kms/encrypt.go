package kms

import (
	"context"
	"fmt"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// MaxPlaintext is the most bytes that [Keys.Encrypt] takes
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
const MaxPlaintext = 4096

// Encrypt returns a blob of 1 to MaxPlaintext bytes, as `aws kms encrypt`
// does; Decrypt opens it.
func (k *Keys) Encrypt(ctx context.Context, plain []byte, encryptionContext map[string]string) ([]byte, error) {
	if len(plain) < 1 || len(plain) > MaxPlaintext {
		return nil, fmt.Errorf("encrypt: %d bytes are not between 1 and %d", len(plain), MaxPlaintext)
	}
	in := encryptInput{KeyID: k.key, Plaintext: plain, EncryptionContext: encryptionContext, GrantTokens: k.tokens}
	var out encrypted
	if err := k.client.Do(ctx, "Encrypt", &in, &out); err != nil {
		return nil, wire.Wrap("encrypt with "+k.key, err)
	}
	return out.CiphertextBlob, nil
}
