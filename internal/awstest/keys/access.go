package keys

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/awstest/wire"
)

// allowed finds the key of a request and checks that the key policy allows
// the operation, grants that need no context included.
func (r *Region) allowed(c *wire.Request, ref string) (*key, error) {
	k, err := r.key(ref)
	if err != nil {
		return nil, err
	}
	return k, r.authorize(c, k, c.Operation, nil, nil)
}

// tokenPrefix tells grant tokens from what is none. A token whose grant has
// ended is still one, and opens nothing.
const tokenPrefix = "grant-token-"

// authorize checks that the key policy or a grant allows an operation on a key.
// ReEncrypt is two operations, ReEncryptFrom and ReEncryptTo.
func (r *Region) authorize(c *wire.Request, k *key, operation string, context map[string]string, tokens []string) error {
	for _, token := range tokens {
		if !strings.HasPrefix(token, tokenPrefix) {
			return &wire.Error{Code: "InvalidGrantTokenException", Message: "Invalid grant token"}
		}
	}
	if k.policy.allows(c.Principal, operation) {
		return nil
	}
	if slices.ContainsFunc(k.grants, func(g *grant) bool {
		return g.isActive(r.opts, tokens) && g.allows(c.Principal, operation, context)
	}) {
		return nil
	}
	return denied(c, k, operation)
}

func denied(c *wire.Request, k *key, operation string) error {
	return &wire.Error{Code: "AccessDeniedException", Message: "User: " + c.Principal + " is not authorized to perform: kms:" + operation +
		" on resource: " + k.arn + " because no resource-based policy allows the kms:" + operation + " action"}
}
