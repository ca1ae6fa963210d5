package kms

import (
	"context"
	"maps"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// ReEncrypt implements store.ReEncrypter by KMS's ReEncrypt, which does not reveal the data
// key. It requires kms:ReEncryptFrom on the key that wrapped it and kms:ReEncryptTo on the
// key for writing, each with its context
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html).
// Both keys are in the region of k.
func (k *Keys) ReEncrypt(ctx context.Context, wrapped []byte, from, to map[string]string) (rewrapped []byte, moved bool, err error) {
	in := reEncryptInput{
		CiphertextBlob: wrapped, DestinationKeyID: k.key, GrantTokens: k.tokens,
		SourceEncryptionContext: from, DestinationEncryptionContext: to,
	}
	var out encrypted
	if err := k.client.Do(ctx, "ReEncrypt", &in, &out); err != nil {
		return nil, false, wire.Wrap("re-encrypt data key under "+k.key, err)
	}
	// Some emulators do not return the keys: then it is unknown whether they are one.
	same := out.SourceKeyID != "" && out.SourceKeyID == out.KeyID
	moved = !same || !maps.Equal(from, to)
	return out.CiphertextBlob, moved, nil
}
