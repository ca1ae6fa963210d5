package kms

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

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
	out, err := k.api.encrypt(ctx, &kms.EncryptInput{
		KeyId:             aws.String(k.key),
		Plaintext:         plain,
		EncryptionContext: encryptionContext,
		GrantTokens:       k.tokens,
	})
	if err != nil {
		return nil, wire.Wrap("encrypt with "+k.key, err)
	}
	return out.CiphertextBlob, nil
}
