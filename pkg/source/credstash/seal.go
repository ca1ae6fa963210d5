package credstash

import (
	"cmp"
	"crypto/aes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"unicode/utf8"

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

// Limits of DynamoDB, in bytes
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const (
	// MaxItemSize is that of one item, names of attributes included: "400 KB".
	MaxItemSize = 400 * 1024
	maxName     = 2048 // a partition key
	maxVersion  = 1024 // a sort key
)

// wrapOverhead is what wrapping may add to a data key. KMS adds about 160
// bytes under a symmetric key, which is documented nowhere.
const wrapOverhead = 192

// Size returns what DynamoDB counts for the encoded item, in bytes: the names
// and values of its attributes. Of other programs' sets, lists and maps only the
// names count, so that nothing is refused that DynamoDB would take
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
func Size(it Item) int { return sizeWith(it, len(it.Contents)) }

func sizeWith(it Item, contents int) int {
	n := len("name") + len(it.Name) + len("version") + len(it.Version) + len("key") + len("contents")
	if it.Comment != "" {
		n += len("comment") + len(it.Comment)
	}
	for name, a := range it.Foreign {
		n += len(name) + len(a.S) + len(a.B)
	}
	if it.Algorithm == Legacy {
		b64 := base64.StdEncoding.EncodedLen
		return n + b64(len(it.Key)) + b64(contents) +
			len("hmac") + 2*len(it.HMAC) + len("digest") + len(digestOr(it.Digest))
	}
	n += len("algorithm") + len(it.Algorithm) + len(it.Key) + contents
	if it.Algorithm == AESGCM {
		return n + len("iv") + len(it.IV) + len("tag") + len(it.Tag)
	}
	n += len("hmac") + len(it.HMAC) + len("digest") + len(digestOr(it.Digest))
	if len(it.Nonce) > 0 {
		n += len("nonce") + len(it.Nonce)
	}
	return n
}

// Fits reports, before a data key is made, whether a plaintext of n bytes can
// be sealed with meta's name, version, comment, algorithm and digest into an
// item that the table takes. The error wraps source.ErrTooLarge,
// source.ErrUnsupported or source.ErrRef.
func Fits(meta Item, n int) error {
	it, err := blank(meta)
	if err != nil {
		return err
	}
	if err := checkNames(it); err != nil {
		return err
	}
	key, err := KeySize(it.Algorithm)
	if err != nil {
		return err
	}
	it.Key = make([]byte, key+wrapOverhead)
	return checkSize(sizeWith(it, n))
}

// CheckSize reports whether a sealed item is small enough for the table. The
// error wraps source.ErrTooLarge.
func CheckSize(it Item) error { return checkSize(Size(it)) }

func checkSize(n int) error {
	if n > MaxItemSize {
		return fmt.Errorf("%w: an item of %d bytes; the limit is %d", source.ErrTooLarge, n, MaxItemSize)
	}
	return nil
}

func checkNames(it Item) error {
	switch {
	case it.Name == "" || it.Version == "":
		return fmt.Errorf("%w: an empty name or version", source.ErrRef)
	case !utf8.ValidString(it.Name) || !utf8.ValidString(it.Version) || !utf8.ValidString(it.Comment):
		return fmt.Errorf("%w: a name, version or comment that is not UTF-8", source.ErrRef)
	case len(it.Name) > maxName:
		return fmt.Errorf("%w: a name of %d bytes; the limit is %d", source.ErrTooLarge, len(it.Name), maxName)
	case len(it.Version) > maxVersion:
		return fmt.Errorf("%w: a version of %d bytes; the limit is %d", source.ErrTooLarge, len(it.Version), maxVersion)
	}
	return nil
}
