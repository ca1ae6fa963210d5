package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

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
