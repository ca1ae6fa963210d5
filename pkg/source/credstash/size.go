package credstash

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

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
