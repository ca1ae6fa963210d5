package credstash

import (
	"cmp"
	"crypto/aes"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/credrender/credrender/pkg/source"
)

// ivSize is credsmash's default for aes-gcm; it lets its users choose among
// what Python's cryptography takes.
const (
	ivSize    = 12
	minIVSize = 8
	maxIVSize = 128
)

// KeySizeFor is KeySize where the user chose one: n, if the algorithm takes it,
// or for 0 the algorithm's own.
func KeySizeFor(algorithm string, n int) (int, error) {
	if n == 0 {
		return KeySize(algorithm)
	}
	if !keyFits(algorithm, n) {
		return 0, fmt.Errorf("%w: a data key of %d bytes for %s", source.ErrUnsupported, n, source.Show(algorithm))
	}
	return n, nil
}

// KeySize returns the length in bytes of the data key to make for Seal.
func KeySize(algorithm string) (int, error) {
	switch algorithm {
	case Legacy, AESCTR:
		return 64, nil
	case AESGCM:
		return 32, nil
	}
	return 0, fmt.Errorf("%w: algorithm %s", source.ErrUnsupported, source.Show(algorithm))
}

// Seal encrypts plaintext. Of meta it takes Name, Version, Comment, Foreign, Algorithm,
// Digest (empty: SHA256), the length of IV (none: 12) and Key, the wrapped form of
// dataKey; dataKey has a
// length that its algorithm takes (see KeySize), and is used for no other
// plaintext. The error wraps source.ErrUnsupported where the algorithm is not
// known, or the digest is not one that the algorithm's other readers know.
func Seal(meta Item, plaintext, dataKey []byte) (Item, error) {
	it, err := blank(meta)
	if err != nil {
		return Item{}, err
	}
	if !keyFits(it.Algorithm, len(dataKey)) {
		return Item{}, fmt.Errorf("seal: a data key of %d bytes does not fit", len(dataKey))
	}
	it.Key = meta.Key
	if it.Algorithm == AESGCM {
		return sealGCM(it, plaintext, dataKey)
	}
	half := len(dataKey) / 2
	block, err := aes.NewCipher(dataKey[:half])
	if err != nil {
		return Item{}, err
	}
	_, _ = rand.Read(it.Nonce) // never fails; no nonce in the legacy format
	it.Contents = xorCTR(block, it.Nonce, plaintext)
	it.HMAC, err = macOf(it, dataKey[half:])
	return it, err
}

func sealGCM(it Item, plaintext, key []byte) (Item, error) {
	aead, err := newGCM(key, len(it.IV))
	if err != nil {
		return Item{}, err
	}
	_, _ = rand.Read(it.IV)
	sealed := aead.Seal(nil, it.IV, plaintext, nil)
	it.Contents, it.Tag = sealed[:len(plaintext)], sealed[len(plaintext):]
	return it, nil
}

// blank returns meta with its digest spelled out and room for the fields that
// its algorithm has, except Key and Contents.
func blank(meta Item) (Item, error) {
	it := Item{Name: meta.Name, Version: meta.Version, Comment: meta.Comment, Algorithm: meta.Algorithm, Foreign: meta.Foreign}
	var err error
	if it.Digest, err = writable(meta.Algorithm, meta.Digest); err != nil {
		return Item{}, err
	}
	if it.Algorithm == AESGCM {
		size := cmp.Or(len(meta.IV), ivSize)
		if size < minIVSize || size > maxIVSize {
			return Item{}, fmt.Errorf("%w: an iv of %d bytes", source.ErrUnsupported, size)
		}
		it.IV, it.Tag = make([]byte, size), make([]byte, tagSize)
		return it, nil
	}
	if it.Algorithm == AESCTR {
		it.Nonce = make([]byte, aes.BlockSize)
	}
	h, err := hashOf(it.Digest)
	if err != nil {
		return Item{}, err
	}
	it.HMAC = make([]byte, h().Size())
	return it, nil
}

// writable returns the digest to store: spelled as credstash spells it, and
// only where the other tools that read the algorithm know it.
func writable(algorithm, digest string) (string, error) {
	var known []string
	switch algorithm {
	case Legacy:
		known = legacyDigests()
	case AESCTR:
		known = []string{"SHA224", "SHA256", "SHA384", "SHA512"}
	case AESGCM:
		known = []string{""}
	default:
		return "", fmt.Errorf("%w: algorithm %s", source.ErrUnsupported, source.Show(algorithm))
	}
	switch {
	case digest == "" && algorithm != AESGCM:
		digest = "SHA256"
	case digest == "SHA1" && algorithm == Legacy:
		digest = "SHA"
	}
	if !slices.Contains(known, digest) {
		return "", fmt.Errorf("%w: digest %s for writing", source.ErrUnsupported, source.Show(digest))
	}
	return digest, nil
}

// legacyDigests are those that credstash 1.17.1 knows, as it spells them.
func legacyDigests() []string { return []string{"SHA", "SHA224", "SHA256", "SHA384", "SHA512", "MD5"} }

// Portable reports whether credstash 1.17.1 knows the item's algorithm and
// digest, and with it the tools that follow its format.
func Portable(it Item) bool {
	return it.Algorithm == Legacy && slices.Contains(legacyDigests(), digestOr(it.Digest))
}

// OpenNonce reports whether the nonce of an item is not authenticated: in aes-ctr
// the HMAC covers the contents alone, so that an item with another nonce, or
// without one, opens to noise and no error.
func OpenNonce(it Item) bool { return it.Algorithm == AESCTR }
