package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Context is a KMS encryption context in canonical form: equal contexts are
// equal values, whatever the order they were given in. Keys and values keep
// their case and are never normalised, since KMS compares them byte by byte
// (https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html).
// The zero Context has no pairs.
type Context struct{ canon string }

// ErrContext is wrapped by the errors of [NewContext] and [ParsePair].
var ErrContext = errors.New("invalid encryption context")

// NewContext returns the context with the given pairs. A key must not be
// empty, and keys and values must be UTF-8.
func NewContext(pairs map[string]string) (Context, error) {
	if len(pairs) == 0 {
		return Context{}, nil
	}
	for k, v := range pairs {
		if k == "" {
			return Context{}, fmt.Errorf("%w: empty key", ErrContext)
		}
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return Context{}, fmt.Errorf("%w: key %q or its value is not UTF-8", ErrContext, k)
		}
	}
	b, err := json.Marshal(pairs) // sorts keys; the escapes it makes are unambiguous
	if err != nil {
		return Context{}, fmt.Errorf("%w: %w", ErrContext, err)
	}
	return Context{string(b)}, nil
}

// ParsePair splits "key=value" at the first equals sign; the value may hold
// more of them.
func ParsePair(s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return "", "", fmt.Errorf("%w: %s is not key=value", ErrContext, Show(s))
	}
	return key, value, nil
}

// Map returns the pairs, never nil.
func (c Context) Map() map[string]string {
	m := map[string]string{}
	if c.canon != "" {
		_ = json.Unmarshal([]byte(c.canon), &m) // made by NewContext
	}
	return m
}

// IsZero reports whether the context has no pairs.
func (c Context) IsZero() bool { return c.canon == "" }

// CaseTwins returns two keys that differ only in case, or nothing. To Decrypt
// they are two; grants and the condition keys of IAM take them for one
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html).
func (c Context) CaseTwins() (a, b string) {
	folded := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(c.Map())) {
		if twin, ok := folded[strings.ToLower(k)]; ok {
			return twin, k
		}
		folded[strings.ToLower(k)] = k
	}
	return "", ""
}

// String lists the pairs by key as "a=b c=d", quoted where they hold spaces
// or control characters.
func (c Context) String() string {
	m := c.Map()
	pairs := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, showWord(k+"="+m[k]))
	}
	return strings.Join(pairs, " ")
}

// MarshalText returns the canonical form.
func (c Context) MarshalText() ([]byte, error) { return []byte(c.canon), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Context) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = Context{}
		return nil
	}
	var pairs map[string]string
	if err := json.Unmarshal(b, &pairs); err != nil {
		return fmt.Errorf("%w: %w", ErrContext, err)
	}
	var err error
	*c, err = NewContext(pairs)
	return err
}
