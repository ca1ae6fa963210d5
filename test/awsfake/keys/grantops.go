package keys

import (
	"encoding/hex"
	"reflect"
	"slices"

	"github.com/credrender/credrender/test/awsfake/wire"
)

type createGrant struct {
	onKey
	GranteePrincipal, RetiringPrincipal string
	Operations                          []string
	Constraints                         *constraints
	GrantTokens                         []string
	Name                                string
}

func (g *createGrant) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(g.KeyID)
	if err == nil {
		err = r.authorizeBy(c, k, "CreateGrant", g.conditionKeys(), nil, g.GrantTokens)
	}
	if err == nil {
		err = g.check()
	}
	if err == nil {
		err = k.usable()
	}
	if err != nil {
		return nil, err
	}
	made := &grant{id: hex.EncodeToString(random(32)), token: tokenPrefix + hex.EncodeToString(random(24)), asked: *g, created: r.opts.Now()}
	for _, old := range k.grants {
		if g.Name != "" && old.asked.same(g) {
			return map[string]any{"GrantId": old.id, "GrantToken": old.token}, nil
		}
	}
	k.grants = append(k.grants, made)
	return map[string]any{"GrantId": made.id, "GrantToken": made.token}, nil
}

// conditionKeys tell policies what a grant is to allow.
func (g *createGrant) conditionKeys() map[string][]string {
	keys := map[string][]string{"kms:GrantOperations": g.Operations}
	if g.Constraints == nil {
		return keys
	}
	if g.Constraints.EncryptionContextEquals != nil {
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextEquals"}
	} else if g.Constraints.EncryptionContextSubset != nil {
		keys["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
	}
	return keys
}

// same is what makes a retried CreateGrant return the grant that is there: a
// name, and equal parameters.
func (g *createGrant) same(o *createGrant) bool {
	a, b := *g, *o
	a.GrantTokens, b.GrantTokens = nil, nil
	a.KeyID, b.KeyID = "", ""
	return reflect.DeepEqual(a, b)
}

func (g *createGrant) check() error {
	for _, p := range []string{g.GranteePrincipal, g.RetiringPrincipal} {
		if !principalARN().MatchString(p) && (p != "" || g.GranteePrincipal == "") {
			return &wire.Error{Code: "InvalidArnException", Message: "ARN does not refer to a valid principal: " + p}
		}
	}
	if len(g.Operations) == 0 {
		return wire.Invalid("1 validation error detected: Value at 'operations' failed to satisfy constraint: Member must not be null")
	}
	for _, op := range g.Operations {
		if !isGrantable(op) {
			return wire.Invalid("Grant operation %s is not supported by a symmetric encryption key", op)
		}
	}
	if g.Constraints == nil {
		return nil
	}
	return g.Constraints.check()
}

type listGrants struct {
	onKey
	GrantID          string `json:"GrantId"`
	GranteePrincipal string
	Limit            *int
	Marker           string
}

func (l *listGrants) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(l.KeyID)
	if err == nil {
		err = r.authorize(c, k, "ListGrants", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	limit := 50
	if l.Limit != nil {
		limit = *l.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, wire.Invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	list, started := []map[string]any{}, l.Marker == ""
	for _, g := range k.grants {
		switch {
		case !started:
			started = g.id == l.Marker
			continue
		case l.GrantID != "" && g.id != l.GrantID, l.GranteePrincipal != "" && g.asked.GranteePrincipal != l.GranteePrincipal:
			continue
		case len(list) == limit:
			return map[string]any{"Grants": list, "Truncated": true, "NextMarker": list[limit-1]["GrantId"]}, nil
		}
		list = append(list, g.entry(k))
	}
	if !started {
		return nil, &wire.Error{Code: "InvalidMarkerException", Message: "Invalid marker"}
	}
	return map[string]any{"Grants": list, "Truncated": false}, nil
}

type revokeGrant struct {
	onKey
	GrantID string `json:"GrantId"`
}

func (v *revokeGrant) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.keyByID(v.KeyID)
	if err == nil {
		err = r.authorize(c, k, "RevokeGrant", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	return k.drop(func(g *grant) bool { return g.id == v.GrantID }, v.GrantID)
}

// drop deletes a grant.
func (k *key) drop(match func(*grant) bool, id string) (any, error) {
	at := slices.IndexFunc(k.grants, match)
	if at < 0 {
		return nil, kmsNotFound("Grant ID %s not found", id)
	}
	k.grants = slices.Delete(k.grants, at, at+1)
	return map[string]any{}, nil
}

type retireGrant struct {
	onKey
	GrantID    string `json:"GrantId"`
	GrantToken string
}

func (t *retireGrant) run(r *Region, c *wire.Request) (any, error) {
	if (t.GrantToken == "") == (t.GrantID == "" || t.KeyID == "") {
		return nil, wire.Invalid("Either a grant token, or a key ARN and a grant ID must be specified")
	}
	match := func(g *grant) bool { return g.id == t.GrantID || t.GrantToken != "" && g.token == t.GrantToken }
	for _, k := range r.keys {
		at := slices.IndexFunc(k.grants, match)
		if at < 0 || t.KeyID != "" && t.KeyID != k.arn && t.KeyID != k.id {
			continue
		}
		if !k.grants[at].retirableBy(c.Principal) && !k.policy.allows(c.Principal, "RetireGrant") {
			return nil, denied(c, k, "RetireGrant")
		}
		return k.drop(match, t.GrantID)
	}
	if t.GrantToken != "" {
		return nil, &wire.Error{Code: "InvalidGrantTokenException", Message: "Invalid grant token"}
	}
	return nil, kmsNotFound("Grant ID %s not found", t.GrantID)
}
