package local

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
)

const (
	keySize   = 32 // AES-256
	idSize    = 8
	keyHeader = "credrender-local-key-1"
	// wrapHeader starts every wrapped data key; the id of its master key, the
	// nonce and the sealed key follow.
	wrapHeader = "crlk1"
	maxKeyFile = 4096
)

// masterKey wraps data keys. Its nonces are random: good for 2^32 of them.
type masterKey struct {
	id   string // hex: the head of a hash of the key, to tell keys apart
	aead cipher.AEAD
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
	return &masterKey{keyID(key), aead}, nil
}

func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte(keyHeader+" id "), key...))
	return hex.EncodeToString(sum[:idSize])
}

// wrap seals a data key. The header, the key's id and the context are
// authenticated with it.
func (m *masterKey) wrap(dataKey []byte, ec map[string]string) []byte {
	head := wrapHeader + m.id
	return m.aead.Seal([]byte(head), nil, dataKey, additional(head, ec)) //nolint:gosec // it makes its own nonce
}

// unwrap tells a key that was wrapped elsewhere from one whose context is
// wrong; damage cannot be told from the latter, as with KMS.
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

// additional is the data that a wrapped key is bound to: every part after its
// length, so that no two contexts read alike.
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
	m, err := s.master(ctx)
	if err != nil {
		return nil, err
	}
	return m.unwrap(wrapped, encryptionContext)
}

// GenerateDataKey implements store.KeyMaker.
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

// master reads the key file once, and checks that it is the store's.
func (s *Store) master(ctx context.Context) (*masterKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m := s.key.Load(); m != nil {
		return m, nil
	}
	var want string
	err := s.do(ctx, false, func(tx *bolt.Tx) error {
		want = string(tx.Bucket([]byte(metaBucket)).Get([]byte(keyIDKey)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	m, err := readKey(s.o.KeyPath)
	if err != nil {
		return nil, err
	}
	if m.id != want {
		return nil, &KeyError{s.o.KeyPath, fmt.Sprintf("holds key %s, and store %s was made with key %s",
			m.id, s.o.Path, source.Show(want)), source.ErrDenied}
	}
	s.key.Store(m)
	return m, nil
}

// readKey reads a key file: one line of a header, the key's id and the key in
// base64.
func readKey(path string) (*masterKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	damaged := &KeyError{path, "is damaged, or no key file", source.ErrIntegrity}
	fields := strings.Fields(text)
	if len(fields) != 3 || fields[0] != keyHeader {
		return nil, damaged
	}
	key, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(key) != keySize || keyID(key) != fields[1] {
		return nil, damaged
	}
	return newMasterKey(key)
}

func readPrivate(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hold us
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &KeyError{path, "is missing", source.ErrNoStore}
	case errors.Is(err, fs.ErrPermission):
		return "", &KeyError{path, "cannot be read", source.ErrDenied}
	case err != nil:
		return "", &KeyError{path, "cannot be read", err}
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", &KeyError{path, "cannot be read", err}
	case !info.Mode().IsRegular():
		return "", &KeyError{path, "is not a regular file", source.ErrIntegrity}
	case info.Mode().Perm()&0o077 != 0:
		return "", &KeyError{path, fmt.Sprintf("is open to others (mode %04o, not 0600)", info.Mode().Perm()), source.ErrDenied}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return "", &KeyError{path, "cannot be read", err}
	}
	return string(b), nil
}

// newKeyFile returns the text of a key file with a key that nobody has.
func newKeyFile() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	return keyHeader + " " + keyID(key) + " " + base64.StdEncoding.EncodeToString(key) + "\n"
}
