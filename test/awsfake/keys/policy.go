package keys

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// policy is a key policy: who may do what with the key. Statements that allow
// named principals or the account are read; anything else is not implemented.
type policy struct {
	text       string
	statements []statement
}

type statement struct {
	principals, actions []string
}

// root stands for IAM: a statement for it lets the account's own policies decide.
const root = "arn:aws:iam::" + wire.Account + ":root"

// defaultPolicy is what CreateKey gives a key without one: IAM decides
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
const defaultPolicy = `{"Version":"2012-10-17","Id":"key-default-1","Statement":[` +
	`{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"` + root + `"},"Action":"kms:*","Resource":"*"}]}`

// words is a string or a list of them.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

func parsePolicy(text string) (policy, error) {
	var doc struct {
		Version, ID string
		Statement   []struct {
			Sid, Effect      string
			Principal        struct{ AWS words }
			Action, Resource words
		}
	}
	if !json.Valid([]byte(text)) {
		return policy{}, &wire.Error{Code: "MalformedPolicyDocumentException", Message: "The policy is not valid JSON"}
	}
	if err := wire.Decode("key policy", []byte(text), &doc); err != nil {
		return policy{}, err
	}
	p := policy{text: text}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" || !slices.Equal(s.Resource, words{"*"}) {
			return policy{}, wire.NotImplemented("a key policy that does more than allow on *")
		}
		p.statements = append(p.statements, statement{s.Principal.AWS, s.Action})
	}
	return p, nil
}

// allows tells whether the policy itself, or by its leave IAM, may allow an
// operation.
func (p policy) allows(principal, operation string) bool {
	return p.names(principal, operation) || p.names(root, operation)
}

// names tells whether a statement of the policy names a principal for an
// operation. One that names root leaves it to the principals' own policies.
func (p policy) names(principal, operation string) bool {
	return slices.ContainsFunc(p.statements, func(s statement) bool {
		return slices.Contains(s.principals, principal) && slices.ContainsFunc(s.actions, func(a string) bool {
			prefix, wild := strings.CutSuffix(a, "*")
			return a == "kms:"+operation || wild && strings.HasPrefix("kms:"+operation, prefix)
		})
	})
}

type getPolicy struct {
	onKey
	PolicyName string
}

func (g *getPolicy) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.allowed(c, g.KeyID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Policy": k.policy.text, "PolicyName": "default"}, nil
}

type putPolicy struct {
	onKey
	PolicyName                     string
	Policy                         string
	BypassPolicyLockoutSafetyCheck bool
}

func (p *putPolicy) run(r *Region, c *wire.Request) (any, error) {
	k, err := r.allowed(c, p.KeyID)
	if err != nil {
		return nil, err
	}
	parsed, err := checkedPolicy(p.Policy, c, p.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	k.policy = parsed
	return map[string]any{}, nil
}

// checkedPolicy refuses a policy that would lock its own author out.
func checkedPolicy(text string, c *wire.Request, unchecked bool) (policy, error) {
	if text == "" {
		text = defaultPolicy
	}
	p, err := parsePolicy(text)
	if err == nil && !unchecked && !p.allows(c.Principal, "PutKeyPolicy") {
		err = &wire.Error{Code: "MalformedPolicyDocumentException", Message: "The new key policy will not allow you to update the key policy in the future."}
	}
	return p, err
}
