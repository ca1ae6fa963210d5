package keys

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// constraints limit a grant to encryption contexts.
type constraints struct {
	EncryptionContextEquals map[string]string `json:",omitempty"`
	EncryptionContextSubset map[string]string `json:",omitempty"`
}

type grant struct {
	id, token string
	asked     createGrant
	created   time.Time
}

// isActive is true at once for a request that carries the grant's token, and
// for all others when the grant has reached every corner of KMS.
func (g *grant) isActive(o Options, tokens []string) bool {
	return slices.Contains(tokens, g.token) || !o.Now().Before(g.created.Add(o.GrantDelay))
}

// allows matches the grantee, the operation and, for what has an encryption
// context, the constraints.
func (g *grant) allows(principal, operation string, context map[string]string) bool {
	if g.asked.GranteePrincipal != principal || !slices.Contains(g.asked.Operations, operation) {
		return false
	}
	if c := g.asked.Constraints; c != nil && isCryptographic(operation) {
		return c.match(context)
	}
	return true
}

// match compares as documented: a constraint's keys in any case, its values in
// theirs (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html).
func (c *constraints) match(context map[string]string) bool {
	folded := fold(context)
	if c.EncryptionContextEquals != nil && !(len(folded) == len(context) && maps.Equal(fold(c.EncryptionContextEquals), folded)) {
		return false
	}
	for name, want := range fold(c.EncryptionContextSubset) {
		if got, ok := folded[name]; !ok || got != want {
			return false
		}
	}
	return true
}

func fold(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}

// isCryptographic is true for the operations that have an encryption context,
// the only ones that constraints are for.
func isCryptographic(operation string) bool {
	switch operation {
	case "Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo":
		return true
	}
	return false
}

// isGrantable is true for what a grant on a symmetric key can allow.
func isGrantable(operation string) bool {
	switch operation {
	case "CreateGrant", "RetireGrant", "DescribeKey":
		return true
	}
	return isCryptographic(operation)
}

// principalARN is a user, a role, a session of a role, or an account.
var principalARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:aws:(iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]+)|sts::[0-9]{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+)$`)
})

const (
	maxPairs     = 8
	maxPairValue = 384
)

func (c *constraints) check() error {
	for _, pairs := range []map[string]string{c.EncryptionContextEquals, c.EncryptionContextSubset} {
		if len(pairs) > maxPairs {
			return wire.Invalid("An encryption context constraint can include up to 8 pairs")
		}
		for name, v := range pairs {
			if name == "" || len(v) > maxPairValue {
				return wire.Invalid("A pair of an encryption context constraint is empty or too long: %s", name)
			}
		}
	}
	return nil
}

func (g *grant) entry(k *key) map[string]any {
	m := map[string]any{
		"KeyId": k.arn, "GrantId": g.id, "CreationDate": seconds(g.created), "GranteePrincipal": g.asked.GranteePrincipal,
		"Operations": g.asked.Operations, "IssuingAccount": root,
	}
	if g.asked.Name != "" {
		m["Name"] = g.asked.Name
	}
	if g.asked.RetiringPrincipal != "" {
		m["RetiringPrincipal"] = g.asked.RetiringPrincipal
	}
	if g.asked.Constraints != nil {
		m["Constraints"] = g.asked.Constraints
	}
	return m
}

// retirableBy names the retiring principal, and the grantee where the grant
// itself says so.
func (g *grant) retirableBy(principal string) bool {
	return g.asked.RetiringPrincipal == principal || g.allows(principal, "RetireGrant", nil)
}
