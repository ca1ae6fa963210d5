package source

import (
	"errors"
	"fmt"
)

// Why a value could not be had. Back ends wrap the one that fits, so that
// callers branch with errors.Is; whoever shows the error adds what to do.
var (
	// ErrNotFound: a consistent look in an existing store found no such name
	// or version.
	ErrNotFound = errors.New("not found")
	// ErrNoMatch: a look in an existing store found no name that a pattern
	// matches. Sources themselves answer with an empty result.
	ErrNoMatch = errors.New("no name matches")
	// ErrDenied: the identity may not read or decrypt it.
	ErrDenied = errors.New("access denied")
	// ErrWrongContext: the data key does not open with this encryption
	// context. AWS KMS says the same (InvalidCiphertextException) for a
	// missing context, a wrong one and a damaged key.
	ErrWrongContext = errors.New("wrong encryption context")
	// ErrIntegrity: the stored item fails its authentication, or is not of
	// the form its algorithm demands.
	ErrIntegrity = errors.New("integrity check failed")
	// ErrUnsupported: the item names an algorithm or digest that is not known.
	ErrUnsupported = errors.New("unsupported format")
	// ErrDisabled comes with ErrDenied: the KMS key is disabled, pending deletion or
	// pending import, until somebody changes that.
	ErrDisabled = errors.New("key disabled or pending deletion")
	// ErrClock comes with ErrCredentials: AWS takes no signature whose time is
	// minutes away from its own.
	ErrClock = errors.New("the clock of this machine is wrong")
	// ErrNoKey comes with ErrNoStore: the KMS key or alias is not there.
	ErrNoKey = errors.New("no such key")
	// ErrThrottled: refused for its rate, after all retries.
	ErrThrottled = errors.New("throttled")
	// ErrUnreachable: no answer: network, time-out, or a fault at the other end.
	ErrUnreachable = errors.New("unreachable")
	// ErrCredentials: there is no identity to ask with, or it has expired or is
	// not accepted. Nothing is known about the value.
	ErrCredentials = errors.New("no usable credentials")
	// ErrNoStore: the table, key or store file is not there.
	ErrNoStore = errors.New("no such store")
	// ErrNoSource: no source is configured under the ref's prefix.
	ErrNoSource = errors.New("no such source")
	// ErrTooLarge: the value does not fit into an item of the store.
	ErrTooLarge = errors.New("too large for the store")
	// ErrExists: that name and version is already stored.
	ErrExists = errors.New("already exists")
	// ErrChanged: the stored item is gone, or another than it was when it was
	// read.
	ErrChanged = errors.New("changed by somebody else")
)

// RefError says which Ref an error belongs to.
type RefError struct {
	Ref Ref
	Err error
}

func (e *RefError) Error() string { return fmt.Sprintf("secret %s: %v", e.Ref, e.Err) }

// Unwrap returns the cause.
func (e *RefError) Unwrap() error { return e.Err }

// Nameless returns err with a text that repeats no name, for a ref whose name is a
// secret's value: errors tell which key, version or fact is missing. What errors.Is
// finds in err it finds in the result.
func Nameless(err error) error {
	for _, known := range []error{
		ErrNotFound, ErrNoMatch, ErrDisabled, ErrDenied, ErrWrongContext, ErrIntegrity, ErrUnsupported, ErrThrottled,
		ErrUnreachable, ErrCredentials, ErrNoStore, ErrNoSource, ErrTooLarge, ErrRef, ErrContext,
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
