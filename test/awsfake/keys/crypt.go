package keys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"maps"
	"slices"
	"strconv"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Limits (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
// and API_GenerateDataKey.html).
const (
	maxPlaintext = 4096
	maxBlob      = 6144
	maxDataKey   = 1024
)

// A blob is a version, its key's id, a nonce and what AES-GCM made.
const (
	blobVersion = 1
	blobHead    = 1 + 36
)

// seal encrypts as KMS's blobs are: they name their key, and open only with
// the encryption context that they were made with.
func (k *key) seal(plain []byte, context map[string]string) []byte {
	head := append([]byte{blobVersion}, k.id...)
	aead := k.aead()
	nonce := random(aead.NonceSize())
	blob := append(slices.Clone(head), nonce...)
	return aead.Seal(blob, nonce, plain, additional(head, context))
}

func (k *key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.material)
	if err != nil {
		panic(err) // the material is 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// additional is what a blob is bound to. Lengths go before the strings, so that
// {"ab": "c"} and {"a": "bc"} are not the same.
func additional(head []byte, context map[string]string) []byte {
	b := bytes.Clone(head)
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, s := range []string{name, context[name]} {
			b = strconv.AppendInt(b, int64(len(s)), 10)
			b = append(append(b, ':'), s...)
		}
	}
	return b
}

// errCiphertext comes without a message, as from KMS: it does not say what was
// wrong.
func errCiphertext() error { return &wire.Error{Code: "InvalidCiphertextException"} }

// open finds a blob's key and decrypts it for operation. A key id that was
// asked for must be that key's.
func (r *Region) open(c *wire.Request, operation string, blob []byte, keyID string, in inContext) (*key, []byte, error) {
	if len(blob) == 0 || len(blob) > maxBlob {
		return nil, nil, wire.Invalid("1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144")
	}
	if len(blob) < blobHead || blob[0] != blobVersion {
		return nil, nil, errCiphertext()
	}
	head, rest := blob[:blobHead], blob[blobHead:]
	k := r.keys[string(head[1:])]
	if k == nil {
		return nil, nil, &wire.Error{Code: "AccessDeniedException", Message: "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."}
	}
	if err := r.mayOpen(c, operation, k, keyID, in); err != nil {
		return nil, nil, err
	}
	aead := k.aead()
	if len(rest) < aead.NonceSize() {
		return nil, nil, errCiphertext()
	}
	plain, err := aead.Open([]byte{}, rest[:aead.NonceSize()], rest[aead.NonceSize():], additional(head, in.EncryptionContext))
	if err != nil {
		return nil, nil, errCiphertext()
	}
	return k, plain, nil
}

// mayOpen judges all but the ciphertext itself.
func (r *Region) mayOpen(c *wire.Request, operation string, k *key, keyID string, in inContext) error {
	if keyID != "" {
		wanted, err := r.key(keyID)
		if err != nil {
			return err
		}
		if wanted != k {
			return &wire.Error{Code: "IncorrectKeyException", Message: "The key ID in the request does not identify a CMK that can perform this operation."}
		}
	}
	if err := in.check(); err != nil {
		return err
	}
	if err := r.authorize(c, k, operation, in.EncryptionContext, in.GrantTokens); err != nil {
		return err
	}
	return k.usable()
}

// sealing finds the key to encrypt with.
func (r *Region) sealing(c *wire.Request, operation string, keyID string, in inContext) (*key, error) {
	k, err := r.key(keyID)
	if err == nil {
		err = in.check()
	}
	if err == nil {
		err = r.authorize(c, k, operation, in.EncryptionContext, in.GrantTokens)
	}
	if err != nil {
		return nil, err
	}
	return k, k.usable()
}

// inContext is a request with an encryption context.
type inContext struct {
	onKey
	EncryptionContext map[string]string
	GrantTokens       []string
}

// check refuses contexts of nothing: an empty key. Empty values are allowed.
func (c inContext) check() error {
	if _, ok := c.EncryptionContext[""]; ok {
		return wire.Invalid("1 validation error detected: Value at 'encryptionContext' failed to satisfy constraint: Map keys must satisfy constraint: [Member must not be empty]")
	}
	return nil
}

func (c inContext) describe(r *wire.Request) {
	c.onKey.describe(r)
	r.Context = c.EncryptionContext
}

type generateDataKey struct {
	inContext
	NumberOfBytes *int
	KeySpec       string
}

func (g *generateDataKey) run(r *Region, c *wire.Request) (any, error) {
	n, err := g.size()
	if err != nil {
		return nil, err
	}
	k, err := r.sealing(c, "GenerateDataKey", g.KeyID, g.inContext)
	if err != nil {
		return nil, err
	}
	plain := random(n)
	return map[string]any{"KeyId": k.arn, "Plaintext": plain, "CiphertextBlob": k.seal(plain, g.EncryptionContext)}, nil
}

func (g *generateDataKey) size() (int, error) {
	switch {
	case (g.NumberOfBytes != nil) == (g.KeySpec != ""):
		return 0, wire.Invalid("Please specify either number of bytes or key spec.")
	case g.KeySpec == "AES_256":
		return 32, nil
	case g.KeySpec == "AES_128":
		return 16, nil
	case g.NumberOfBytes != nil && *g.NumberOfBytes >= 1 && *g.NumberOfBytes <= maxDataKey:
		return *g.NumberOfBytes, nil
	}
	return 0, wire.Invalid("1 validation error detected: Value at 'numberOfBytes' failed to satisfy constraint: Member must have value between 1 and 1024")
}

type encrypt struct {
	inContext
	Plaintext           []byte
	EncryptionAlgorithm string
}

func (e *encrypt) run(r *Region, c *wire.Request) (any, error) {
	if len(e.Plaintext) == 0 || len(e.Plaintext) > maxPlaintext {
		return nil, wire.Invalid("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096")
	}
	k, err := r.sealing(c, "Encrypt", e.KeyID, e.inContext)
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyId": k.arn, "CiphertextBlob": k.seal(e.Plaintext, e.EncryptionContext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}

type decrypt struct {
	inContext
	CiphertextBlob      []byte
	EncryptionAlgorithm string
}

func (d *decrypt) run(r *Region, c *wire.Request) (any, error) {
	k, plain, err := r.open(c, "Decrypt", d.CiphertextBlob, d.KeyID, d.inContext)
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyId": k.arn, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}

type reEncrypt struct {
	CiphertextBlob                 []byte
	SourceKeyID                    string `json:"SourceKeyId"`
	DestinationKeyID               string `json:"DestinationKeyId"`
	SourceEncryptionContext        map[string]string
	DestinationEncryptionContext   map[string]string
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	GrantTokens                    []string
}

func (e *reEncrypt) describe(r *wire.Request) {
	r.KeyID, r.Context = e.DestinationKeyID, e.DestinationEncryptionContext
}

func (e *reEncrypt) run(r *Region, c *wire.Request) (any, error) {
	from, plain, err := r.open(c, "ReEncryptFrom", e.CiphertextBlob, e.SourceKeyID, inContext{EncryptionContext: e.SourceEncryptionContext, GrantTokens: e.GrantTokens})
	if err != nil {
		return nil, err
	}
	to, err := r.sealing(c, "ReEncryptTo", e.DestinationKeyID, inContext{EncryptionContext: e.DestinationEncryptionContext, GrantTokens: e.GrantTokens})
	if err != nil {
		return nil, err
	}
	return map[string]any{"SourceKeyId": from.arn, "KeyId": to.arn, "CiphertextBlob": to.seal(plain, e.DestinationEncryptionContext)}, nil
}
