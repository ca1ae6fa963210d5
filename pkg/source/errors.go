package source

import (
	"errors"
	"fmt"
)

// Reasons why a fetch fails. Back ends wrap the one that fits, and callers branch with
// errors.Is. The program that prints the error adds a hint.
var (
	// ErrNotFound: a consistent read of an existing store found no such name or
	// version.
	ErrNotFound = errors.New("not found")
	// ErrNoMatch: no name in an existing store matches a pattern. Sources
	// themselves return an empty result.
	ErrNoMatch = errors.New("no name matches")
	// ErrDenied: the identity may not read or decrypt it.
	ErrDenied = errors.New("access denied")
	// ErrWrongContext: the data key does not open with this encryption
	// context. AWS KMS returns the same InvalidCiphertextException for a missing
	// context, a wrong one and a damaged key.
	ErrWrongContext = errors.New("wrong encryption context")
	// ErrIntegrity: the stored item fails its authentication, or is not of
	// the form its algorithm demands.
	ErrIntegrity = errors.New("integrity check failed")
	// ErrUnsupported: the item has an unknown algorithm or digest.
	ErrUnsupported = errors.New("unsupported format")
	// ErrDisabled comes with ErrDenied: the KMS key is disabled, pending deletion or
	// pending import, until somebody changes that.
	ErrDisabled = errors.New("key disabled or pending deletion")
	// ErrClock comes with ErrCredentials: AWS takes no signature whose time is
	// minutes away from its own.
	ErrClock = errors.New("the clock of this machine is wrong")
	// ErrNoKey comes with ErrNoStore: the KMS key or alias is not there.
	ErrNoKey = errors.New("no such key")
	// ErrThrottled: the service still throttled the request after all retries.
	ErrThrottled = errors.New("throttled")
	// ErrUnreachable: no answer, because of the network, a timeout or a server
	// error.
	ErrUnreachable = errors.New("unreachable")
	// ErrCredentials: there are no credentials, or they have expired or are not
	// accepted. Nothing is known about the value.
	ErrCredentials = errors.New("no usable credentials")
	// ErrNoStore: the table, key or store file does not exist.
	ErrNoStore = errors.New("no such store")
	// ErrNoAnswer: the source returned no result for the ref.
	ErrNoAnswer = errors.New("the source returned no result")
	// ErrNoSource: no source is configured under the ref's prefix.
	ErrNoSource = errors.New("no such source")
	// ErrTooLarge: the value does not fit into an item of the store.
	ErrTooLarge = errors.New("too large for the store")
	// ErrExists: that name and version is already stored.
	ErrExists = errors.New("already exists")
	// ErrChanged: the stored item was deleted or replaced after it was read.
	ErrChanged = errors.New("changed by somebody else")
)

// RefError is the error of one Ref.
type RefError struct {
	Ref Ref
	Err error
}

func (e *RefError) Error() string { return fmt.Sprintf("secret %s: %v", e.Ref, e.Err) }

func (e *RefError) Unwrap() error { return e.Err }

// Nameless returns err with a text that repeats no name, for a ref whose name is a
// secret's value: errors tell which key, version or fact is missing. What errors.Is
// finds in err it finds in the result.
func Nameless(err error) error {
	for _, known := range []error{
		ErrNotFound, ErrNoMatch, ErrDisabled, ErrDenied, ErrWrongContext, ErrIntegrity, ErrUnsupported, ErrThrottled,
		ErrUnreachable, ErrCredentials, ErrNoStore, ErrNoAnswer, ErrNoSource, ErrTooLarge, ErrRef, ErrContext,
	} {
		if errors.Is(err, known) {
			return &nameless{known.Error(), err}
		}
	}
	return &nameless{"no value", err}
}

type nameless struct {
	text string
	err  error
}

func (e *nameless) Error() string { return e.text }

// Is stands for Unwrap, by which the text would be found again.
func (e *nameless) Is(target error) bool { return errors.Is(e.err, target) }
