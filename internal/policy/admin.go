package policy

import (
	"cmp"
	"slices"
)

// admin allows setup, also with --update, grant, grants and revoke.
//
// An identity that may create grants without conditions can grant itself everything.
// So grants are limited to two operations, and must be constrained to one context
// (https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html).
func (b *builder) admin(needs []Need) {
	for _, g := range byLocation(needs) {
		p := g.location
		if p.Table == "" {
			continue
		}
		b.allow("SetUpTable", setUpTable(), []string{p.table()}, nil)
		b.allow("MakeKey", []string{"kms:CreateKey", "kms:TagResource"}, []string{"*"}, nil)
		keys := []string{p.Key}
		if p.Key == "" {
			at := p
			at.Region = cmp.Or(p.KeyRegion, p.Region)
			keys = []string{at.arn("kms", "key/*")}
			b.note("", "the key does not exist yet: widened to every key of the account in %s", at.Region)
		}
		both := slices.Clone(keys)
		if p.Alias != "" {
			both = append(both, p.Alias)
		}
		b.allow("SetUpKey", []string{"kms:CreateAlias"}, both, nil)
		b.allow("SetUpKey", setUpKey(), slices.Clone(keys), nil)
		b.allow("GiveGrants", []string{"kms:CreateGrant"}, slices.Clone(keys), Conditions{
			"ForAllValues:StringEquals": {"kms:GrantOperations": {"Decrypt", "GenerateDataKey"}},
			"StringEquals":              {"kms:GrantConstraintType": {"EncryptionContextEquals"}},
		})
		b.allow("SeeAndRevokeGrants", []string{"kms:ListGrants", "kms:RevokeGrant"}, slices.Clone(keys), nil)
	}
}
