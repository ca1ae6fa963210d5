package template

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Kind says what sort of thing a template asks for.
type Kind string

// What templates can ask for, and the type of [Answer].Value that goes with it.
const (
	// Secret: the value of Query.Ref, a source.Secret (a string or []byte is
	// taken too).
	Secret Kind = "secret"
	// Secrets: every value whose name matches the pattern in Query.Ref.Name, a
	// map[string]source.Secret.
	Secrets Kind = "secrets"
	// Env: the environment variable Query.Name, a string, or nil where it is not set.
	Env Kind = "env"
	// File: the content of the file Query.Name, a []byte or string.
	File Kind = "file"
	// Hostname: the host's name, a string.
	Hostname Kind = "hostname"
	// EC2: the fact Query.Name about the instance, a string or source.Secret.
	EC2 Kind = "ec2"
	// Now: the time of the run, a time.Time, the same for every template.
	Now Kind = "now"
	// Zone: the time zone Query.Name ("Local" for the host's own), a
	// *time.Location.
	Zone Kind = "zone"
	// Salt: this host's own random key for the salts of htpasswd, a []byte of
	// at least 16 bytes that stays the same from run to run.
	Salt Kind = "salt"
)

// Hidden reports whether what depends on such an answer is masked in a plan:
// all but the host's name, facts of the instance, the clock and time zones.
func (k Kind) Hidden() bool { return k != Hostname && k != EC2 && k != Now && k != Zone }

// restricted reports whether Options.Restrict refuses it.
func (k Kind) restricted() bool {
	return k == Env || k == File || k == Hostname || k == EC2 || k == Now
}

// Query is one question that a template puts to the world outside it. It is
// comparable.
type Query struct {
	Kind Kind
	Ref  source.Ref // of Secret; the pattern of Secrets
	Name string     // of Env, File, EC2 and Zone
	// Optional is set by secretOr, which has a default for a secret that is
	// not there (source.ErrNotFound).
	Optional bool
	// Derived is set, in what Discover and Asked return and in an Error, where
	// the name or context depends on a hidden answer, as when a secret's value
	// names a secret: then it is not to be shown or stored.
	Derived bool
}

// Key returns the query without Optional and Derived: queries with equal keys
// are answered by one fetch.
func (q Query) Key() Query {
	q.Optional, q.Derived = false, false
	return q
}

// String names the query for people: "secret db.password (env=prod)". A
// derived name is not shown.
func (q Query) String() string {
	switch {
	case q.Derived:
		return string(q.Kind) + " (name hidden: it depends on a secret)"
	case q.Kind == Secret || q.Kind == Secrets:
		return string(q.Kind) + " " + q.Ref.String()
	case q.Name != "":
		return string(q.Kind) + " " + source.Show(q.Name)
	}
	return string(q.Kind)
}

// Format writes String, whatever the verb.
func (q Query) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, q.String()) }

// LogValue gives String.
func (q Query) LogValue() slog.Value { return slog.StringValue(q.String()) }

// Answer is what is known about a [Query]: a value, of the type that its
// [Kind] demands, or why there is none.
type Answer struct {
	Value any
	Err   error
}

// String gives the error alone.
func (a Answer) String() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return "[redacted]"
}

// Format writes the error alone, so that no value gets into a log.
func (a Answer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue gives the error alone.
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Lookup answers a query, in which Derived is never set; ok is false where the
// answer is not known yet. It
// is called often, from the goroutine of the method it was given to: it looks
// into what was fetched and fetches nothing.
type Lookup func(Query) (a Answer, ok bool)

// Label names queries in the place of what depends on them: "secret a, b; env
// HOME". It shows names alone, sorted, and no derived ones.
func Label(queries ...Query) string {
	names := map[string][]string{}
	for _, q := range queries {
		kind := string(q.Kind)
		switch q.Kind {
		case Secrets:
			kind = string(Secret)
		case Salt: // of htpasswd, whose password says more
			if len(queries) > 1 {
				continue
			}
		}
		if name := q.shortName(); name != "" {
			names[kind] = append(names[kind], name)
		} else if names[kind] == nil {
			names[kind] = []string{}
		}
	}
	parts := make([]string, 0, len(names))
	for _, kind := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { return strings.Compare(b, a) }) {
		slices.Sort(names[kind])
		parts = append(parts, strings.TrimSpace(kind+" "+strings.Join(slices.Compact(names[kind]), ", ")))
	}
	return strings.Join(parts, "; ")
}

func (q Query) shortName() string {
	if q.Derived {
		return ""
	}
	if q.Kind == Secret || q.Kind == Secrets {
		return source.Ref{Source: q.Ref.Source, Name: q.Ref.Name}.String()
	}
	if q.Name == "" {
		return ""
	}
	return source.Show(q.Name)
}
