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

// Ref is a REF of a command line: a name, or a pattern of names, in one source. Only a
// [Target], which has chosen the source, gives out the name, so no command can look for
// it in another source. The zero Ref means all of the store.
type Ref struct{ ref source.Ref }

// ParseRef reads a REF as rendering does: where has the store and the configured sources.
// The REF's own ?key=value pairs and those of given are merged. Two values for one key,
// or a context for a source that has none, are an error, as is a pair of the REF without
// a value, which an unset variable of a script leaves.
func ParseRef(where job.Store, text, version string, given map[string]string) (Ref, error) {
	ref, err := source.Parse(text, where.SourceNames())
	if err != nil {
		return Ref{}, err
	}
	pairs := ref.Context.Map()
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		if _, also := given[k]; pairs[k] == "" && !also {
			return Ref{}, fmt.Errorf("%w: %s: %s= has no value: is a variable unset? --context %s= takes it literally", source.ErrContext, source.Show(text), source.Show(k), source.Show(k))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(given)) {
		if held, twice := pairs[k]; twice && held != given[k] {
			return Ref{}, fmt.Errorf("%w: %s has one value in %s and another in a separate word", source.ErrContext, source.Show(k), source.Show(text))
		}
		pairs[k] = given[k]
	}
	st, err := StoreOf(where, ref.Source)
	if err != nil {
		return Ref{}, err
	}
	named := ref // of a configured source, whose name says nothing of its kind
	named.Source = map[string]string{SSM: source.SSM, SecretsManager: source.SecretsManager, S3: source.S3}[st.Kind]
	if st.Kind == S3 && st.Path != "" {
		named.Source = "" // a key in a folder
	}
	if err := named.Check(true); err != nil {
		return Ref{}, fmt.Errorf("%s: %w", source.Show(text), err)
	}
	if len(pairs) > 0 && !takesContext(st.Kind) {
		return Ref{}, fmt.Errorf("%w: %s: values of %s have none", source.ErrContext, source.Show(text), kindName(st.Kind))
	}
	if ref.Context, err = source.NewContext(pairs); err != nil {
		return Ref{}, err
	}
	ref.Version = version
	return Ref{ref}, nil
}

// PrefixOf returns the prefix of a name's source as rendering reads it, or "" for the
// store.
func PrefixOf(where job.Store, name string) string {
	ref, err := source.ParseName(name, where.SourceNames())
	if err != nil {
		return ""
	}
	return ref.Source
}

// All returns the Ref of every name in the store, with a context.
func All(c source.Context) Ref { return Ref{source.Ref{Context: c}} }

// String returns the ref for messages.
func (r Ref) String() string { return r.ref.String() }

// At returns the ref of one version for messages, or of the secret if version is empty.
func (r Ref) At(version string) string {
	r.ref.Version = version
	return r.ref.String()
}

// Context returns the encryption context that the ref states.
func (r Ref) Context() source.Context { return r.ref.Context }

// Bare returns the ref without its context, for messages of commands in which a word that
// was read as a pair may be the value.
func (r Ref) Bare() Ref {
	r.ref.Context = source.Context{}
	return r
}

// File returns a file of a job that holds the value as it is.
func (r Ref) File() job.File { return job.File{Secret: r.ref, Origin: "command line"} }

// Text returns the ref as templates take it: with its prefix, without its context.
func (r Ref) Text() string { return r.ref.Text() }

// Object returns the ref of an object of S3 as it is, for a ref of an encrypted one.
func (r Ref) Object() Ref {
	r.ref.Source = source.S3Object
	return r
}

// Stem returns the text before the first * of a pattern, with which all names that it
// matches begin. It reports false if there is no *.
func (r Ref) Stem() (string, bool) {
	before, _, ok := strings.Cut(r.ref.Name, "*")
	return before, ok
}

// UnableError is the error of a command that a source does not support. Nothing has been
// read or written.
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

// kindName returns the name of a kind of source for messages.
func kindName(kind string) string {
	names := map[string]string{
		SSM: "Parameter Store", SecretsManager: "Secrets Manager", S3: "S3", s3Object: "S3", Local: "a local store", DynamoDB: "a DynamoDB table", "": "a DynamoDB table",
	}
	if name, ok := names[kind]; ok {
		return name
	}
	return kind
}

// Fault adds the ref to an error that does not have one.
func (r Ref) Fault(err error) error {
	if _, ok := errors.AsType[*source.RefError](err); ok || err == nil {
		return err
	}
	return &source.RefError{Ref: r.ref, Err: err}
}
