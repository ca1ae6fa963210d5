package iam

import (
	"fmt"
	"slices"
	"strings"
)

// condition is one operator over one key.
type condition struct {
	set      string // "", ForAllValues, ForAnyValue
	operator string
	ifExists bool
	key      string // lower case: condition keys have no case
	values   []string
}

// contextKey begins the keys that are named after a pair of an encryption context.
const contextKey = "kms:encryptioncontext:"

// known are the condition keys that requests of the fake have.
func known(key string) bool {
	switch key {
	case "dynamodb:leadingkeys", "kms:encryptioncontextkeys", "kms:grantoperations", "kms:grantconstrainttype", "aws:username":
		return true
	}
	return strings.HasPrefix(key, contextKey)
}

func newCondition(operator, key string, values []string) (condition, error) {
	c := condition{operator: operator, key: strings.ToLower(key), values: values}
	if set, rest, ok := strings.Cut(operator, ":"); ok {
		c.set, c.operator = set, rest
	}
	c.operator, c.ifExists = strings.CutSuffix(c.operator, "IfExists")
	switch {
	case c.set != "" && c.set != "ForAllValues" && c.set != "ForAnyValue",
		!slices.Contains([]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Null"}, c.operator),
		c.operator == "Null" && (c.set != "" || c.ifExists):
		return c, fmt.Errorf("operator %s is not implemented", operator)
	case !known(c.key):
		return c, fmt.Errorf("condition key %s is not implemented", key)
	case c.set != "" && strings.HasPrefix(c.key, contextKey):
		return c, fmt.Errorf("OverlyPermissiveCondition: %s over %s, which has one value", operator, key)
	}
	return c, nil
}

// holds follows the rules for keys that are missing: ForAllValues is true,
// ForAnyValue and the plain operators are false, the negated ones true
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
func (c condition) holds(r Request) bool {
	var got []string
	for k, v := range r.Keys {
		if strings.ToLower(k) == c.key {
			got = append(got, v...)
		}
	}
	if c.operator == "Null" {
		return slices.Contains(c.values, fmt.Sprint(len(got) == 0))
	}
	if len(got) == 0 {
		return c.ifExists || c.set == "ForAllValues" || c.set == "" && c.negated()
	}
	one := func(v string) bool { return c.matches(v, r.Keys) }
	if c.set == "ForAnyValue" {
		return slices.ContainsFunc(got, one)
	}
	return !slices.ContainsFunc(got, func(v string) bool { return !one(v) })
}

func (c condition) negated() bool { return strings.HasPrefix(c.operator, "StringNot") }

// matches compares one value of the request with all of the condition's.
func (c condition) matches(got string, keys map[string][]string) bool {
	wild := strings.HasSuffix(c.operator, "Like")
	return slices.ContainsFunc(c.values, func(want string) bool { return like(want, got, keys, wild) }) != c.negated()
}

// token is a piece of a pattern: text, or a wildcard.
type token struct {
	text string
	wild byte // '*', '?', or 0
}

// like matches a value with a pattern that may hold policy variables, and
// wildcards where wild is set. What a variable stands for is never a wildcard;
// one that the request does not have matches nothing.
func like(pattern, got string, keys map[string][]string, wild bool) bool {
	var tokens []token
	for pattern != "" {
		if name, rest, ok := variable(pattern); ok {
			text, ok := valueOf(name, keys)
			if !ok {
				return false
			}
			tokens, pattern = append(tokens, token{text: text}), rest
			continue
		}
		if b := pattern[0]; wild && (b == '*' || b == '?') {
			tokens = append(tokens, token{wild: b})
		} else {
			tokens = append(tokens, token{text: pattern[:1]})
		}
		pattern = pattern[1:]
	}
	return match(tokens, got)
}

func variable(s string) (name, rest string, ok bool) {
	if !strings.HasPrefix(s, "${") {
		return "", s, false
	}
	name, rest, ok = strings.Cut(s[2:], "}")
	return name, rest, ok
}

func valueOf(name string, keys map[string][]string) (string, bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	for k, v := range keys {
		if strings.EqualFold(k, name) && len(v) == 1 {
			return v[0], true
		}
	}
	return "", false
}

func match(tokens []token, got string) bool {
	for i, t := range tokens {
		switch t.wild {
		case '*':
			for at := len(got); at >= 0; at-- {
				if match(tokens[i+1:], got[at:]) {
					return true
				}
			}
			return false
		case '?':
			if got == "" {
				return false
			}
			got = got[1:]
		default:
			var ok bool
			if got, ok = strings.CutPrefix(got, t.text); !ok {
				return false
			}
		}
	}
	return got == ""
}
