// Package iam evaluates identity policies as IAM does, as far as the fake enforces them:
// Allow and Deny, wildcards, policy variables, and conditions, including the rules for keys
// that a request does not have.
//
// It is stricter than IAM, which silently allows too much or nothing: an unknown operator or
// condition key is an error of [Parse], and so is ForAllValues over kms:EncryptionContext:KEY,
// which KMS refuses in key policies
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Request is what a policy judges.
type Request struct {
	Action   string // "dynamodb:Query"
	Resource string // an ARN, or "*"
	// Keys are the condition keys that the request has, with their values. A
	// key without values is not there.
	Keys map[string][]string
}

// Policy is one parsed document.
type Policy struct{ statements []statement }

type statement struct {
	deny              bool
	actions, resource []string
	conditions        []condition
}

// Words is a string or a list of them.
type Words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *Words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = Words{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

// Parse reads a document.
func Parse(text []byte) (Policy, error) {
	var doc struct {
		Version, ID string
		Statement   []struct {
			Sid, Effect      string
			Action, Resource Words
			Condition        map[string]map[string]Words
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return Policy{}, fmt.Errorf("read policy: %w", err)
	}
	if doc.Version != "2012-10-17" {
		return Policy{}, fmt.Errorf("read policy: version %q has no policy variables", doc.Version)
	}
	var p Policy
	for _, s := range doc.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) == 0 {
			return Policy{}, fmt.Errorf("read policy: statement %q lacks effect, action or resource", s.Sid)
		}
		st := statement{deny: s.Effect == "Deny", actions: s.Action, resource: s.Resource}
		for operator, keys := range s.Condition {
			for key, values := range keys {
				c, err := newCondition(operator, key, values)
				if err != nil {
					return Policy{}, fmt.Errorf("read policy: statement %q: %w", s.Sid, err)
				}
				st.conditions = append(st.conditions, c)
			}
		}
		p.statements = append(p.statements, st)
	}
	return p, nil
}

// Allows reports whether the policies together let a request through: one
// statement allows it, and none denies it.
func Allows(policies []Policy, r Request) bool {
	allowed := false
	for _, p := range policies {
		for _, s := range p.statements {
			if !s.applies(r) {
				continue
			}
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s statement) applies(r Request) bool {
	return slices.ContainsFunc(s.actions, func(a string) bool { return like(strings.ToLower(a), strings.ToLower(r.Action), nil, true) }) &&
		slices.ContainsFunc(s.resource, func(a string) bool { return like(a, r.Resource, r.Keys, true) }) &&
		!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r) })
}
