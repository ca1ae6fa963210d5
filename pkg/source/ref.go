package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Prefixes of the sources that need no configuration: Parameter Store, S3 and
// Secrets Manager.
const (
	SSM            = "ssm"
	S3             = "s3" // an object that holds an encrypted value
	SecretsManager = "sm"
)

// Sources that have functions in templates and no prefix: objects of S3 as they
// are, and facts of the EC2 instance.
const (
	S3Object = "s3object"
	EC2      = "ec2"
)

// ErrRef is wrapped by the errors of [Parse].
var ErrRef = errors.New("invalid reference")

// Ref names one value. It is comparable, so that equal requests are made once.
type Ref struct {
	Source  string  `json:"source,omitempty"` // empty: the store that --store names
	Name    string  `json:"name"`
	Version string  `json:"version,omitempty"` // empty: the newest
	Context Context `json:"context,omitzero"`
}

// Parse reads a REF: a name, after an optional prefix (ssm:, s3:, sm:, or one
// of the configured sources and a colon), and "?key=value&key=value" for a
// context. No other prefix counts, since a colon is legal in a name; a "?"
// belongs to the name unless a pair follows it. Keys and values may be
// percent-encoded. Text after a "?" that is a context only in part is an error,
// as are two values for one key: read as a name, they would be a secret that
// nobody meant.
func Parse(s string, sources []string) (Ref, error) {
	name, query, found := cutLast(s, "?")
	if !found || !hasPair(query) {
		return ParseName(s, sources)
	}
	pairs, err := parseQuery(query)
	if err != nil {
		return Ref{}, fmt.Errorf("%w: %s: %w", ErrRef, Show(s), err)
	}
	r, err := ParseName(name, sources)
	if err != nil {
		return Ref{}, err
	}
	if r.Context, err = NewContext(pairs); err != nil {
		return Ref{}, fmt.Errorf("%w: %w", ErrRef, err)
	}
	return r, nil
}

// ParseName reads a REF without a context part: a "?" belongs to the name.
func ParseName(s string, sources []string) (Ref, error) {
	r := Ref{Name: s}
	if prefix, rest, ok := strings.Cut(s, ":"); ok && (IsBuiltin(prefix) || slices.Contains(sources, prefix)) {
		r = Ref{Source: prefix, Name: rest}
	}
	if r.Source == S3 {
		r.Name = strings.TrimPrefix(r.Name, "//")
	}
	if r.Name == "" {
		return Ref{}, fmt.Errorf("%w: %s has no name", ErrRef, strconv.Quote(s))
	}
	if r.Source == SecretsManager && strings.HasSuffix(r.Name, "#") { // no name of a secret has one
		return Ref{}, fmt.Errorf("%w: %s has no key after the #: leave it out for the whole secret", ErrRef, Show(s))
	}
	if !utf8.ValidString(r.Name) {
		return Ref{}, fmt.Errorf("%w: %s is not UTF-8", ErrRef, strconv.Quote(s))
	}
	if err := r.Check(true); err != nil {
		return Ref{}, fmt.Errorf("%s: %w", Show(s), err)
	}
	return r, nil
}

// Plain returns r without its context where its source knows none by its own
// prefix: Parameter Store, Secrets Manager, plain objects and EC2.
func (r Ref) Plain() Ref {
	switch r.Source {
	case SSM, SecretsManager, S3Object, EC2:
		r.Context = Context{}
	}
	return r
}

// IsBuiltin reports whether prefix is one of those that need no config.
func IsBuiltin(prefix string) bool {
	return prefix == SSM || prefix == S3 || prefix == SecretsManager
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// hasPair reports whether any part of a query is key=value.
func hasPair(query string) bool {
	for part := range strings.SplitSeq(query, "&") {
		if strings.Index(part, "=") > 0 {
			return true
		}
	}
	return false
}

func parseQuery(s string) (map[string]string, error) {
	pairs := map[string]string{}
	for part := range strings.SplitSeq(s, "&") {
		k, v, ok := strings.Cut(part, "=")
		key, errK := url.PathUnescape(k) // unlike a form, + stays +
		value, errV := url.PathUnescape(v)
		if !ok || key == "" || errors.Join(errK, errV) != nil {
			return nil, fmt.Errorf("%s after the ? is not key=value", Show(part))
		}
		if held, twice := pairs[key]; twice && held != value {
			return nil, fmt.Errorf("%s is given twice, with different values", Show(key))
		}
		pairs[key] = value
	}
	return pairs, nil
}

// Text is the name with its prefix, as [ParseName] reads it.
func (r Ref) Text() string {
	switch r.Source {
	case "":
		return r.Name
	case S3, S3Object:
		return S3 + "://" + r.Name
	}
	return r.Source + ":" + r.Name
}

// Within splits a name such as db#/user/password, which reaches into a JSON or YAML value,
// at its first #/. The pointer begins with the slash.
func (r Ref) Within() (document Ref, pointer string, ok bool) {
	name, pointer, ok := strings.Cut(r.Name, "#/")
	if !ok || name == "" || pointer == "" {
		return r, "", false
	}
	r.Name = name
	return r, "/" + pointer, true
}

// String shows the ref to people: "db.password version 7 (env=prod)".
func (r Ref) String() string {
	var b strings.Builder
	if r.Source != "" {
		b.WriteString(r.Source + ":")
	}
	if r.Source == S3 || r.Source == S3Object {
		b.WriteString("//")
	}
	b.WriteString(Show(r.Name))
	if r.Version != "" {
		b.WriteString(" version " + Show(r.Version))
	}
	if !r.Context.IsZero() {
		b.WriteString(" (" + r.Context.String() + ")")
	}
	return b.String()
}

// Show returns s as it is, or quoted where it is empty or holds control
// characters, other unprintables or invalid UTF-8: names come from a table
// that others write to, and go to terminals and logs.
func Show(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func showWord(s string) string {
	if strings.ContainsAny(s, " \"'") {
		return strconv.Quote(s)
	}
	return Show(s)
}

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
