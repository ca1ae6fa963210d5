package kms

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Limits of a grant's constraint
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html).
const (
	MaxGrantPairs = 8
	MaxGrantValue = 384
)

// GrantPrefix is the prefix of the names of grants that this package makes.
const GrantPrefix = "credrender-"

// Errors of grants.
var (
	// ErrGrantContext: a grant cannot be limited to this context.
	ErrGrantContext = errors.New("no grant can be limited to this context")
	// ErrGrantee: KMS does not know the principal, even after waiting.
	ErrGrantee = errors.New("KMS does not recognize the principal")
	// ErrTwin: a grant exists for a context that differs only in the case of a key,
	// which grants do not distinguish.
	ErrTwin = errors.New("a grant for the same context in another case exists")
)

// Access is what a grant allows.
type Access string

// Read allows Decrypt, Write GenerateDataKey.
const (
	Read  Access = "read"
	Write Access = "write"
)

func (a Access) operation() string {
	if a == Write {
		return "GenerateDataKey"
	}
	return "Decrypt"
}

// Match is how a grant compares contexts with its own.
type Match string

// Equals: the same pairs. Subset: at least its pairs. Any: any context.
const (
	Equals Match = "equals"
	Subset Match = "subset"
	Any    Match = "any"
)

// GrantRequest describes a grant.
type GrantRequest struct {
	Principal string // the ARN of a role or user
	Access    Access
	Match     Match
	Context   source.Context // empty with Any only
}

// Name returns the name of the grant. Equal requests have the same name, so that a repeated
// request finds its grant.
func (r GrantRequest) Name() string {
	canon, _ := r.Context.MarshalText()
	sum := sha256.Sum256([]byte(r.Principal + "\n" + string(r.Match) + "\n" + string(canon)))
	role := r.Principal[strings.LastIndexAny(r.Principal, ":/")+1:]
	role = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, role)
	return fmt.Sprintf("%s%s-%s-%s", GrantPrefix, r.Access, role, hex.EncodeToString(sum[:6]))
}

// Check returns ErrGrantContext if a grant cannot be limited to the context.
func (r GrantRequest) Check() error {
	pairs := r.Context.Map()
	if a, b := r.Context.CaseTwins(); b != "" {
		return fmt.Errorf("%w: %s and %s differ only in case, which grants ignore", ErrGrantContext, a, b)
	}
	if len(pairs) > MaxGrantPairs {
		return fmt.Errorf("%w: it has %d pairs, a grant at most %d", ErrGrantContext, len(pairs), MaxGrantPairs)
	}
	for k, v := range pairs {
		if len(v) > MaxGrantValue {
			return fmt.Errorf("%w: the value of %s is longer than %d", ErrGrantContext, source.Show(k), MaxGrantValue)
		}
	}
	return nil
}

func (r GrantRequest) constraints() *constraints {
	switch r.Match {
	case Equals:
		return &constraints{EncryptionContextEquals: r.Context.Map()}
	case Subset:
		return &constraints{EncryptionContextSubset: r.Context.Map()}
	}
	return nil
}
