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

// Kind is what sort of thing a template asks for.
type Kind string

// What templates can ask for. Resolver.Source fetches the first three; [Host] answers the
// others.
const (
	// Secret is the value of Query.Ref.
	Secret Kind = "secret"
	// Secrets is every value whose name matches the pattern in Query.Ref.Name.
	Secrets Kind = "secrets"
	// EC2 is the fact Query.Name about the instance.
	EC2 Kind = "ec2"
	// Env is the environment variable Query.Name.
	Env Kind = "env"
	// Envs are the environment variables whose names begin with Query.Name.
	Envs Kind = "envs"
	// File is the content of the file Query.Name.
	File Kind = "file"
	// Hostname is the host's name.
	Hostname Kind = "hostname"
	// Now is the time of the run.
	Now Kind = "now"
	// Zone is the time zone Query.Name, "Local" for the host's own.
	Zone Kind = "zone"
	// Salt is the host's key for the salts of htpasswd.
	Salt Kind = "salt"
)

// Hidden reports whether a plan masks what depends on such an answer: everything except
// the host's name, facts of the instance, the clock and time zones.
func (k Kind) Hidden() bool { return k != Hostname && k != EC2 && k != Now && k != Zone }

// restricted reports whether Options.Restrict refuses it.
func (k Kind) restricted() bool {
	return k == Env || k == Envs || k == File || k == Hostname || k == EC2 || k == Now
}

// Query is one thing that a template asks for. It is comparable.
type Query struct {
	Kind Kind
	Ref  source.Ref // of Secret; the pattern of Secrets
	Name string     // of Env, Envs, File, EC2 and Zone
	// Optional is set by secretOr, which has a default for a secret that is
	// not there (source.ErrNotFound).
	Optional bool
	// Derived is set, in what [Rendering.Asked] returns and in an [Error], if the
	// name or context depends on a hidden answer, as when a secret's value is the
	// name of a secret. Such a name must not be shown or stored.
	Derived bool
}

// Key returns the query without Optional and Derived: queries with equal keys
// are answered by one fetch.
func (q Query) Key() Query {
	q.Optional, q.Derived = false, false
	return q
}

// String returns the query for people: "secret db.password (env=prod)". It does not show
// a derived name.
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

// SourceRef returns what a source is asked for, and false for a query to the host.
func (q Query) SourceRef() (source.Ref, bool) {
	switch q.Kind {
	case Secret, Secrets:
		return q.Ref, true
	case EC2:
		return source.Ref{Source: source.EC2, Name: q.Name}, true
	}
	return source.Ref{}, false
}

// Label returns the text that masks what depends on queries: "secret a, b; env HOME".
// It contains names only, sorted, and no derived ones.
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
