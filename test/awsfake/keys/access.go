package keys

import (
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
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
	return r.authorizeBy(c, k, operation, conditionKeys(operation, context), context, tokens)
}

// authorizeBy is authorize with the condition keys for the principal's own policies.
func (r *Region) authorizeBy(c *wire.Request, k *key, operation string, keys map[string][]string, context map[string]string, tokens []string) error {
	for _, token := range tokens {
		if !strings.HasPrefix(token, tokenPrefix) {
			return &wire.Error{Code: "InvalidGrantTokenException", Message: "Invalid grant token"}
		}
	}
	if k.policy.names(c.Principal, operation) {
		return nil
	}
	if k.policy.names(root, operation) && r.identity(c, operation, k.arn, keys) {
		return nil
	}
	if slices.ContainsFunc(k.grants, func(g *grant) bool {
		return g.isActive(r.opts, tokens) && g.allows(c.Principal, operation, context)
	}) {
		return nil
	}
	return denied(c, k, operation)
}

// identity asks the principal's own policies.
func (r *Region) identity(c *wire.Request, operation, resource string, keys map[string][]string) bool {
	return r.opts.Identity == nil || r.opts.Identity(c.Principal, "kms:"+operation, resource, keys)
}

// conditionKeys are what KMS gives policies to judge a request by
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
func conditionKeys(operation string, context map[string]string) map[string][]string {
	if !isCryptographic(operation) {
		return nil
	}
	keys := map[string][]string{}
	for k, v := range context {
		keys["kms:EncryptionContext:"+k] = []string{v}
		keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], k)
	}
	return keys
}

// unowned checks an operation that is on no key yet: only the principal's own
// policies speak of it.
func (r *Region) unowned(c *wire.Request, operation, resource string) error {
	if r.identity(c, operation, resource, nil) {
		return nil
	}
	return &wire.Error{Code: "AccessDeniedException", Message: "User: " + c.Principal + " is not authorized to perform: kms:" + operation +
		" because no identity-based policy allows the kms:" + operation + " action"}
}

func denied(c *wire.Request, k *key, operation string) error {
	return &wire.Error{Code: "AccessDeniedException", Message: "User: " + c.Principal + " is not authorized to perform: kms:" + operation +
		" on resource: " + k.arn + " because no resource-based policy allows the kms:" + operation + " action"}
}
