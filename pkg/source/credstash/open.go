package credstash

import "errors"

var errPending = errors.New("pending")

// OpenOptions are how Open treats damage that other writers are known for.
type OpenOptions struct {
	// RescueCTR32LE opens values that rucredstash 0.9.1 and later encrypted
	// with a little-endian counter: recognised by a plaintext that turns from
	// UTF-8 to noise at byte 16, which binary data may do too. So it is off
	// unless asked for.
	RescueCTR32LE bool
	// Rescued, if set, is told of each item that was opened so. Store calls it
	// from several goroutines.
	Rescued func(Item)
}

// Open verifies and decrypts an item with its data key, unwrapped. It returns
// source.ErrIntegrity where the item is not what was sealed, or not of the form
// that its algorithm demands, and source.ErrUnsupported for an algorithm or
// digest that it does not know.
func Open(item Item, dataKey []byte, o OpenOptions) ([]byte, error) { return nil, errPending }

// Seal encrypts plaintext. Of meta it takes Name, Version, Comment, Algorithm,
// Digest (empty: SHA256) and Key, the wrapped form of dataKey; dataKey has the
// length that KeySize gives, and is used for no other plaintext.
func Seal(meta Item, plaintext, dataKey []byte) (Item, error) { return Item{}, errPending }

// KeySize returns the length in bytes of the data key that Seal takes.
func KeySize(algorithm string) (int, error) { return 0, errPending }

// Decode reads an item whoever wrote it. The error is for an item without a
// name or version; whatever else is wrong goes into Item.Fault.
func Decode(attrs map[string]Attribute) (Item, error) { return Item{}, errPending }

// Encode returns the attributes to store.
func (it Item) Encode() map[string]Attribute { return nil }

// Size returns what DynamoDB counts for the item, in bytes: the names and
// values of its attributes.
func Size(it Item) int { return 0 }

// Fits reports, before any key is made, whether a plaintext of n bytes will fit
// into an item with meta's name, version, comment, algorithm and digest. The
// error wraps source.ErrTooLarge.
func Fits(meta Item, n int) error { return nil }

// Mark returns a short text that changes whenever the item is sealed again
// under the same version: a hash of its wrapped data key. It is no secret.
func Mark(it Item) string { return "" }

// Pad returns a version as credstash stores it: filled with zeros on the left
// to 19 characters.
func Pad(version string) string { return version }

// Candidates returns the stored forms that a version given by a user may mean,
// likeliest first: padded, then as given.
func Candidates(version string) []string { return nil }

// Next returns the version after highest, or version 1 where highest is empty.
// The error is a *VersionError.
func Next(highest string) (string, error) { return "", errPending }

// Why no version can follow; see VersionError.
var (
	// ErrUnpadded: the newest version is a number without padding, which
	// sorts after every padded one: a new value would never be seen.
	ErrUnpadded = errors.New("not padded to 19 digits")
	// ErrNotInt: the newest version is not a number.
	ErrNotInt = errors.New("not an int")
	// ErrLast: the newest version is the highest that 19 digits can say.
	ErrLast = errors.New("the last version of 19 digits")
)

// VersionError says that no version can be numbered after Version.
type VersionError struct {
	Version string
	Err     error // ErrUnpadded, ErrNotInt or ErrLast
}

func (e *VersionError) Error() string { return "" }

// Unwrap returns the reason.
func (e *VersionError) Unwrap() error { return e.Err }
