package kms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Grant is a grant on the key.
type Grant struct {
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	Principal  string            `json:"principal"`
	Operations []string          `json:"operations"`
	Match      Match             `json:"match"`
	Context    map[string]string `json:"context,omitempty"`
	Created    time.Time         `json:"created"`
	Ours       bool              `json:"ours"` // made by this package
}

// is reports whether the grant allows exactly what r requests.
func (g Grant) is(r GrantRequest) bool {
	return g.like(r) && maps.Equal(g.Context, r.Context.Map())
}

// like is like is, without comparing the context.
func (g Grant) like(r GrantRequest) bool {
	return g.Ours && g.Principal == r.Principal && g.Match == r.Match && len(g.Operations) == 1 && g.Operations[0] == r.Access.operation()
}

// Granted is what [Admin.Grant] made.
type Granted struct {
	ID, Name string
	// Token lets the grantee use the grant before it has spread, which takes
	// minutes (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).
	Token   string
	Existed bool
}

// Pauses between attempts for a principal that KMS does not know yet.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// Waiting is called with the time spent waiting for a principal so far.
type Waiting func(time.Duration)

// Grant makes the grant, or returns the existing one: KMS returns it for the same name and
// parameters. KMS does not know a new role at once, so Grant retries that error, and no
// other, for up to timeout.
func (a *Admin) Grant(ctx context.Context, r GrantRequest, timeout time.Duration, waiting Waiting) (Granted, error) {
	if err := r.Check(); err != nil {
		return Granted{}, err
	}
	d, err := a.Describe(ctx)
	if err != nil {
		return Granted{}, err
	}
	existed, err := a.present(ctx, r)
	if err != nil {
		return Granted{}, err
	}
	in := &grantInput{
		KeyID: d.ARN, GranteePrincipal: r.Principal, Name: r.Name(),
		Operations: []string{r.Access.operation()}, Constraints: r.constraints(),
	}
	for waited, pause := time.Duration(0), firstPause; ; waited, pause = waited+pause, min(2*pause, longestPause) {
		var out grantOutput
		err := a.client.Do(ctx, "CreateGrant", in, &out)
		if err == nil {
			return Granted{ID: out.GrantID, Name: r.Name(), Token: out.GrantToken, Existed: existed}, nil
		}
		err = wire.Wrap("create grant on "+a.key, err)
		if wire.Code(err) != "InvalidArnException" {
			return Granted{}, err
		}
		if waited >= timeout {
			return Granted{}, fmt.Errorf("%w: %s: %w", ErrGrantee, r.Principal, err)
		}
		if waiting != nil {
			waiting(waited)
		}
		if err := smithytime.SleepWithContext(ctx, pause); err != nil {
			return Granted{}, fmt.Errorf("wait for %s: %w", r.Principal, err)
		}
	}
}

// present reports whether the grant exists, and returns ErrTwin for a grant that KMS could
// not distinguish from it. An identity that may not list grants skips this check.
func (a *Admin) present(ctx context.Context, r GrantRequest) (bool, error) {
	grants, err := a.Grants(ctx, r.Principal)
	if errors.Is(err, source.ErrDenied) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, g := range grants {
		if g.is(r) {
			return true, nil
		}
		if g.like(r) && maps.Equal(folded(g.Context), folded(r.Context.Map())) {
			return false, fmt.Errorf("%w: %s", ErrTwin, g.ID)
		}
	}
	return false, nil
}

func folded(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}

// Grants lists the grants on the key, in KMS's order. If principal is not "", it lists only
// the grants of that principal. It requires kms:DescribeKey and kms:ListGrants.
func (a *Admin) Grants(ctx context.Context, principal string) ([]Grant, error) {
	d, err := a.Describe(ctx)
	if err != nil {
		return nil, err
	}
	in := &listGrantsInput{KeyID: d.ARN, Limit: 100, GranteePrincipal: principal}
	grants := []Grant{}
	for {
		var out listGrantsOutput
		if err := a.client.Do(ctx, "ListGrants", in, &out); err != nil {
			return nil, wire.Wrap("list grants on "+a.key, err)
		}
		for _, g := range out.Grants {
			grants = append(grants, grantOf(g))
		}
		if !out.Truncated {
			return grants, nil
		}
		if out.NextMarker == in.Marker { // the page that was asked for
			return nil, wire.Wrap("list grants on "+a.key, wire.Broken(wire.ErrOther))
		}
		in.Marker = out.NextMarker
	}
}

func grantOf(e grantEntry) Grant {
	g := Grant{
		ID: e.GrantID, Name: e.Name, Principal: e.GranteePrincipal, Operations: e.Operations,
		Match: Any, Created: e.created(), Ours: strings.HasPrefix(e.Name, GrantPrefix),
	}
	if c := e.Constraints; len(c.EncryptionContextEquals) > 0 {
		g.Match, g.Context = Equals, c.EncryptionContextEquals
	} else if len(c.EncryptionContextSubset) > 0 {
		g.Match, g.Context = Subset, c.EncryptionContextSubset
	}
	return g
}

// Find returns the grants of this package that match r.
func (a *Admin) Find(ctx context.Context, r GrantRequest) ([]Grant, error) {
	all, err := a.Grants(ctx, r.Principal)
	var found []Grant
	for _, g := range all {
		if g.is(r) {
			found = append(found, g)
		}
	}
	return found, err
}

// Revoke ends a grant by its id. It requires kms:DescribeKey and kms:RevokeGrant. The grant
// may keep working for some minutes.
func (a *Admin) Revoke(ctx context.Context, id string) error {
	d, err := a.Describe(ctx)
	if err != nil {
		return err
	}
	return wire.Wrap("revoke grant "+id, a.client.Do(ctx, "RevokeGrant", &revokeInput{KeyID: d.ARN, GrantID: id}, nil))
}

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
