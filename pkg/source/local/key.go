package local

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

const (
	keySize   = 32 // AES-256
	idSize    = 8
	keyHeader = "credrender-local-key-1"
	// wrapHeader starts every wrapped data key. After it come the id of the master key,
	// the nonce and the sealed key.
	wrapHeader = "crlk1"
	maxKeyFile = 4096
)

// masterKey wraps data keys. Its nonces are random, which is safe for 2^32 of them.
type masterKey struct {
	id   string // the first hex digits of the key's hash, to tell keys apart
	aead cipher.AEAD
	line string // of the key file
}

func newMasterKey(key []byte) (*masterKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &masterKey{id: keyID(key), aead: aead}, nil
}

func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte(keyHeader+" id "), key...))
	return hex.EncodeToString(sum[:idSize])
}

// wrap seals a data key. It authenticates the header, the key's id and the context.
func (m *masterKey) wrap(dataKey []byte, ec map[string]string) []byte {
	head := wrapHeader + m.id
	return m.aead.Seal([]byte(head), nil, dataKey, additional(head, ec)) //nolint:gosec // it makes its own nonce
}

// unwrap opens a data key. It distinguishes another master key from a wrong context.
// Damage looks like a wrong context, as it does with KMS.
func (m *masterKey) unwrap(wrapped []byte, ec map[string]string) ([]byte, error) {
	head := wrapHeader + m.id
	rest, ok := strings.CutPrefix(string(wrapped), head)
	if !ok {
		if id, ok := strings.CutPrefix(string(wrapped), wrapHeader); ok && len(id) >= len(m.id) {
			return nil, fmt.Errorf("%w: its data key is wrapped under local key %s, and this is %s",
				source.ErrDenied, source.Show(id[:len(m.id)]), m.id)
		}
		return nil, fmt.Errorf("%w: its data key was not wrapped by a local store", source.ErrDenied)
	}
	dataKey, err := m.aead.Open(nil, nil, []byte(rest), additional(head, ec))
	if err != nil {
		return nil, source.ErrWrongContext
	}
	return dataKey, nil
}

// additional returns the authenticated data of a wrapped key. Each part follows its
// length, so that different contexts never have the same encoding.
func additional(head string, ec map[string]string) []byte {
	b := []byte(head)
	for _, k := range slices.Sorted(maps.Keys(ec)) {
		for _, part := range []string{k, ec[k]} {
			b = binary.AppendUvarint(b, uint64(len(part)))
			b = append(b, part...)
		}
	}
	return b
}

// Decrypt implements store.Decrypter.
func (s *Store) Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error) {
	m, err := s.masterOf(ctx, wrapped)
	if err != nil {
		return nil, err
	}
	return m.unwrap(wrapped, encryptionContext)
}

// GenerateDataKey implements store.DataKeyGenerator.
func (s *Store) GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error) {
	if n < 1 || n > 1024 {
		return nil, nil, fmt.Errorf("generate data key: %d bytes, not 1 to 1024", n)
	}
	m, err := s.master(ctx)
	if err != nil {
		return nil, nil, err
	}
	plain = make([]byte, n)
	_, _ = rand.Read(plain) // never fails
	return plain, m.wrap(plain, encryptionContext), nil
}

// master returns the key for writing. It reads the files once.
func (s *Store) master(ctx context.Context) (*masterKey, error) {
	r, err := s.ring(ctx)
	if err != nil {
		return nil, err
	}
	return r.current, nil
}

// masterOf returns the master key that wrapped a data key. If none of the store's keys
// did, it returns the key for writing. Before that it reads the files again, because
// another process may have given the store a new key.
func (s *Store) masterOf(ctx context.Context, wrapped []byte) (*masterKey, error) {
	for again := false; ; again = true {
		r, err := s.ring(ctx)
		if err != nil {
			return nil, err
		}
		id, ok := wrapperOf(wrapped)
		if m := r.byID(id); m != nil {
			return m, nil
		}
		if again && ok {
			m, err := s.kept(id)
			if m != nil {
				s.keys.CompareAndSwap(r, &keyring{r.current, r.all, append(slices.Clone(r.kept), m)})
			}
			if m != nil || err != nil {
				return m, err
			}
		}
		if again || !ok {
			return r.current, nil
		}
		s.keys.Store(nil)
	}
}

// wrapperOf returns the id of the master key that a data key is wrapped under.
func wrapperOf(wrapped []byte) (id string, ok bool) {
	rest, ok := strings.CutPrefix(string(wrapped), wrapHeader)
	if !ok || len(rest) < 2*idSize {
		return "", false
	}
	return rest[:2*idSize], true
}
