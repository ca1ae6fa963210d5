// Package kms generates and decrypts data keys with AWS KMS, for items in DynamoDB and
// objects in S3. [Keys] implements store.Decrypter and store.DataKeyGenerator;
// [Keys.EnsureKey] creates the KMS key.
//
// Nothing stores the encryption context that a data key is generated with. It is
// case-sensitive, and Decrypt needs the same one
// (https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html).
// No context and an empty one are the same.
package kms

import (
	"context"
	"fmt"
	"maps"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// MaxDataKey is the most bytes that one data key may have
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html).
const MaxDataKey = 1024

// MaxGrantTokens is the most grant tokens that one request may have
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html).
const MaxGrantTokens = 10

// Keys is KMS in one region, with one key for writing. It is safe for concurrent use.
// Errors wrap the sentinels of package source and keep AWS's code and message. A key
// that is disabled or pending deletion is source.ErrDenied, a missing one
// source.ErrNoStore.
type Keys struct {
	client *wire.JSONClient
	key    string
	tokens []string
}

// New returns the KMS of the client's region. The key, for writing only, is an alias
// ("alias/credstash"), a key id, or the ARN of either. It does no I/O.
//
// Its requests do not run the middleware of the client's APIOptions; its Observer sees
// them.
func New(client awsconfig.Client, key string) *Keys {
	return &Keys{key: key, client: newClient(client)}
}

// WithGrantTokens returns keys that pass grant tokens with each request, so that a
// grant takes effect before it has spread through KMS
// (https://docs.aws.amazon.com/kms/latest/developerguide/using-grant-token.html).
// KMS ignores tokens of other grants, and takes at most MaxGrantTokens.
func (k *Keys) WithGrantTokens(tokens ...string) *Keys {
	with := *k
	with.tokens = tokens
	return &with
}

// Preconnect implements store.Preconnector: it opens connections for n concurrent calls
// of Decrypt, and keeps them until ctx ends. KMS speaks HTTP/1.1, so each call in flight
// needs a connection, and a new one takes two round trips before its first request.
func (k *Keys) Preconnect(ctx context.Context, n int) { k.client.Preconnect(ctx, n) }

// Decrypt implements store.Decrypter. KMS identifies the key by the wrapped data key; it
// may be another than the one for writing.
func (k *Keys) Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error) {
	plain, _, err := k.DecryptWith(ctx, wrapped, encryptionContext)
	return plain, err
}

// DecryptWith is Decrypt, and returns the ARN of the KMS key too, which some programs
// authenticate with the value.
func (k *Keys) DecryptWith(ctx context.Context, wrapped []byte, encryptionContext map[string]string) (plain []byte, keyARN string, err error) {
	in := decryptInput{CiphertextBlob: wrapped, EncryptionContext: encryptionContext, GrantTokens: k.tokens}
	var out decryptOutput
	check := func() error {
		if len(out.Plaintext) == 0 { // KMS encrypts nothing that is empty
			return wire.Other()
		}
		return wire.Anonymous()
	}
	if err := k.client.DoChecked(ctx, "Decrypt", &in, &out, check); err != nil {
		return nil, "", wire.Wrap("decrypt data key", err)
	}
	return out.Plaintext, out.KeyID, nil
}

// GenerateDataKey implements store.DataKeyGenerator.
func (k *Keys) GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error) {
	if n < 1 || n > MaxDataKey {
		return nil, nil, fmt.Errorf("make data key: %d bytes are not between 1 and %d", n, MaxDataKey)
	}
	in := dataKeyInput{KeyID: k.key, NumberOfBytes: n, EncryptionContext: encryptionContext, GrantTokens: k.tokens}
	var out encrypted
	check := func() error {
		if len(out.Plaintext) != n || len(out.CiphertextBlob) == 0 {
			return wire.Other()
		}
		return wire.Anonymous() // one data key for two values would reveal both
	}
	if err := k.client.DoChecked(ctx, "GenerateDataKey", &in, &out, check); err != nil {
		return nil, nil, wire.Wrap("make data key with "+k.key, err)
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

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
