package backend

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// Ref is a REF of a command line: a name, or a pattern of names, in one source.
// The name alone cannot be taken out of it: only a [Target] has it, which has
// picked the source that the name belongs to. So no command can look for the
// name in another place. The zero Ref stands for all of the store.
type Ref struct{ ref source.Ref }

// ParseRef reads a REF as rendering does: where has the store and the configured
// sources. The pairs of its own ?key=value and those of given go together; two
// values for one key, or a context where the source has none, are an error.
func ParseRef(where job.Store, text, version string, given map[string]string) (Ref, error) {
	ref, err := source.Parse(text, where.SourceNames())
	if err != nil {
		return Ref{}, err
	}
	pairs := ref.Context.Map()
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if held, twice := pairs[k]; twice && held != given[k] {
			return Ref{}, fmt.Errorf("%w: %s has one value in %s and another beside it", source.ErrContext, source.Show(k), source.Show(text))
		}
		pairs[k] = given[k]
	}
	place, err := PlaceOf(where, ref.Source)
	if err != nil {
		return Ref{}, err
	}
	if len(pairs) > 0 && (place.Kind == SSM || place.Kind == SecretsManager) {
		return Ref{}, fmt.Errorf("%w: %s: values of %s have none", source.ErrContext, source.Show(text), kindName(place.Kind))
	}
	if ref.Context, err = source.NewContext(pairs); err != nil {
		return Ref{}, err
	}
	ref.Version = version
	return Ref{ref}, nil
}

// PrefixOf is the source that a name belongs to as rendering reads it, or "" for
// the store.
func PrefixOf(where job.Store, name string) string {
	ref, err := source.ParseName(name, where.SourceNames())
	if err != nil {
		return ""
	}
	return ref.Source
}

// All is the Ref of every name in the store, with a context.
func All(c source.Context) Ref { return Ref{source.Ref{Context: c}} }

// String shows the ref to people.
func (r Ref) String() string { return r.ref.String() }

// Context is the encryption context that the ref states.
func (r Ref) Context() source.Context { return r.ref.Context }

// Bare is the ref without its context, for messages of commands in which a word
// that was read as a pair may be the value.
func (r Ref) Bare() Ref {
	r.ref.Context = source.Context{}
	return r
}

// File is a file of a job that holds the value as it is.
func (r Ref) File() job.File { return job.File{Secret: r.ref, Origin: "command line"} }

// Text is the ref as templates take it: with its prefix, without its context.
func (r Ref) Text() string { return r.ref.Text() }

// Stem is what names in the source begin with that a pattern matches: the text
// before its first *. It reports false where there is no *.
func (r Ref) Stem() (string, bool) {
	before, _, ok := strings.Cut(r.ref.Name, "*")
	return before, ok
}

// UnableError is a command that a source cannot serve. Nothing has been read or
// written.
type UnableError struct {
	Verb, Ref, Kind string
	Instead         string // what to do
}

func (e *UnableError) Error() string {
	text := e.Verb + " is not possible in " + kindName(e.Kind)
	if e.Ref != "" {
		text = e.Ref + ": " + text
	}
	if e.Instead != "" {
		text += ": " + e.Instead
	}
	return text
}

// Unwrap returns source.ErrUnsupported.
func (e *UnableError) Unwrap() error { return source.ErrUnsupported }

// kindName is what people call a kind of source.
func kindName(kind string) string {
	names := map[string]string{
		SSM: "Parameter Store", SecretsManager: "Secrets Manager", S3: "S3", s3Object: "S3", Local: "a local store", DynamoDB: "a DynamoDB table", "": "a DynamoDB table",
	}
	if name, ok := names[kind]; ok {
		return name
	}
	return kind
}

// instead says what serves in the place of a command that a source cannot serve.
func instead(verb, kind string) string {
	others := map[string]map[string]string{
		SSM: {
			"put": "use 'aws ssm put-parameter'", "delete": "use 'aws ssm delete-parameter'",
		},
		SecretsManager: {
			"put": "use 'aws secretsmanager put-secret-value'", "delete": "use 'aws secretsmanager delete-secret'", "list": "use 'aws secretsmanager list-secrets'",
		},
		S3: {
			"put": "use 'credrender --store s3://BUCKET/PREFIX put NAME'", "delete": "use 'credrender --store s3://BUCKET/PREFIX delete NAME'",
		},
	}
	if text := others[kind][verb]; text != "" {
		return text
	}
	return "it works on tables and local stores"
}

// Fault says which secret an error is about, once.
func (r Ref) Fault(err error) error {
	if _, ok := errors.AsType[*source.RefError](err); ok || err == nil {
		return err
	}
	return &source.RefError{Ref: r.ref, Err: err}
}
