package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
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

// CallError is one failed call to a service. It is what every source returns
// for an answer that refuses, and for an answer that does not come.
type CallError struct {
	Op        string // what was tried: "query table credential-store"
	Service   string // the SDK's name of the service, where one was called: "DynamoDB"
	Operation string // the service's name of it, where one was called: "Query"
	By        Party  // who kept it from its end; empty if that is unknown
	Kind      error  // the sentinel of this package that fits, or nil
	Code      string // the service's error code; empty if none came
	Message   string // one of the service's known sentences, or a description of the failure; may be empty
	Status    int    // the HTTP status; 0 if nothing answered
	Host      string // the host that was asked, without a port; empty if unknown
	RequestID string // for AWS's support; empty if nothing answered
	Attempts  int    // the number of attempts after which retries ended; else 0

	// Causes are further errors that errors.Is and errors.As find: sentinels, and
	// the error of a context. No error of the client or of the network is among
	// them, since its text may hold a secret.
	Causes []error
}

// Expired is the Message of a call that got no answer before its deadline.
const Expired = "no answer before the timeout"

// Error reads "query table t: throttled (ThrottlingException: Rate exceeded), after 10 attempts".
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": ")
	detail := e.detail()
	switch {
	case e.Kind != nil && detail != "":
		fmt.Fprintf(&b, "%v (%s)", e.Kind, detail)
	case e.Kind != nil:
		b.WriteString(e.Kind.Error())
	default:
		b.WriteString(detail)
	}
	switch {
	case e.Attempts > 1:
		fmt.Fprintf(&b, ", after %d attempts", e.Attempts)
	default:
		b.WriteString(e.ending())
	}
	return b.String()
}

// ending tells what ended the attempts, where that is not all there is to tell.
func (e *CallError) ending() string {
	for _, c := range e.Causes {
		switch limited, ok := c.(interface{ Limited() time.Duration }); {
		case ok && c.Error() == e.Message:
			return ""
		case ok:
			return fmt.Sprintf(", for %s (--timeout)", limited.Limited())
		}
	}
	if e.Message != Expired && errors.Is(errors.Join(e.Causes...), context.DeadlineExceeded) {
		return ", until the timeout"
	}
	return ""
}

func (e *CallError) detail() string {
	switch {
	case e.Code == "":
		return e.Message
	case e.Message == "": // KMS sends none with InvalidCiphertextException
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns Kind and Causes.
func (e *CallError) Unwrap() []error {
	if e.Kind == nil {
		return e.Causes
	}
	return append([]error{e.Kind}, e.Causes...)
}

// Party is who kept a call from its end, as far as the failure shows. What to do
// depends on it as much as on the kind of error.
type Party string

// The parties.
const (
	ByAWS       Party = "aws"        // AWS answered with an error code
	ByServer    Party = "server"     // something else than AWS answered: an HTTP status, and no code of AWS
	ByProxy     Party = "proxy"      // the HTTP proxy refused, or is out of reach
	ByDNS       Party = "dns"        // the host has no address
	ByNetwork   Party = "network"    // no connection, or one that broke
	ByAuthority Party = "authority"  // the certificate is signed by an authority that is not trusted here
	ByTLS       Party = "tls"        // the certificate or the handshake, for another reason
	ByClock     Party = "clock"      // the clock of this machine is wrong
	ByTime      Party = "time limit" // a deadline of the caller
	ByFile      Party = "file"       // a local file
)
