package backend

import (
	"context"
	"errors"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/pkg/store"
)

// Target is a [Ref] with the place it belongs to. What a place does not support is an
// [UnableError] before any request.
type Target struct {
	Ref
	set   *Set
	place job.Store
}

// Target returns the target of a ref beside a store. A table without a key for writes uses
// the store's.
func (s *Set) Target(where job.Store, ref Ref) (*Target, error) {
	place, err := PlaceOf(where, ref.ref.Source)
	if err != nil {
		return nil, err
	}
	if place.Key == "" && hasItems(place.Kind) && place.Kind != Local {
		place.Key = where.Key
	}
	return &Target{ref, s, place}, nil
}

// Place returns where the target is, with the key for writes.
func (t *Target) Place() job.Store { return t.place }

// HasItems reports whether the target is in a table or a local store.
func (t *Target) HasItems() bool { return hasItems(t.place.Kind) }

func hasItems(kind string) bool { return kind == DynamoDB || kind == Local || kind == "" }

// IsFolder reports whether the target is in a folder of S3 that is used as a store.
func (t *Target) IsFolder() bool { return t.place.Kind == S3 && t.place.Path != "" }

// Items opens the table or local store that the target is in. name is the secret's name
// there, or a pattern; empty: all.
func (t *Target) Items(ctx context.Context, verb string) (st *store.Store, name string, err error) {
	if !t.HasItems() {
		return nil, "", t.unable(verb)
	}
	src, err := t.open(ctx)
	if err != nil {
		return nil, "", err
	}
	st, ok := src.(*store.Store)
	if !ok {
		return nil, "", t.unable(verb)
	}
	return st, t.ref.Name, nil
}

// Folder opens the folder of S3 that the target is in, and returns the ref of the object.
func (t *Target) Folder(ctx context.Context, verb string) (f *s3.Folder, ref source.Ref, err error) {
	if !t.IsFolder() {
		return nil, ref, t.unable(verb)
	}
	src, err := t.open(ctx)
	if err != nil {
		return nil, ref, err
	}
	f, ok := src.(*s3.Folder)
	if !ok {
		return nil, ref, t.unable(verb)
	}
	return f, t.ref, nil
}

// Get fetches the value.
func (t *Target) Get(ctx context.Context) (source.Secret, error) {
	src, err := t.open(ctx)
	if err != nil {
		return source.Secret{}, err
	}
	got := src.Fetch(ctx, []source.Ref{t.ref})[t.ref]
	return got.Secret, t.Fault(got.Err)
}

// List returns the entries that the pattern matches.
func (t *Target) List(ctx context.Context) ([]source.Entry, error) {
	src, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	lister, ok := src.(source.Lister)
	if !ok {
		return nil, t.unable("list")
	}
	entries, err := lister.List(ctx, t.ref.Name)
	return entries, t.pattern(err)
}

// Values fetches the secrets that the pattern matches, by name. Only a table or local
// store uses the contexts of sc; elsewhere the ref's own applies.
func (t *Target) Values(ctx context.Context, verb string, sc store.Scope) (map[string]source.Result, error) {
	src, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	if st, ok := src.(*store.Store); ok {
		sc.Pattern = t.ref.Name
		return st.GetAll(ctx, sc)
	}
	globber, ok := src.(source.Globber)
	if !ok {
		return nil, t.unable(verb)
	}
	pattern := t.ref
	if pattern.Name == "" {
		pattern.Name = "*"
	}
	values, err := globber.Glob(ctx, pattern)
	return values, t.pattern(err)
}

// One returns the ref of a secret that the pattern has matched.
func (t *Target) One(name, version string) source.Ref {
	return source.Ref{Source: t.ref.Source, Name: name, Version: version}
}

func (t *Target) open(ctx context.Context) (source.Source, error) {
	return t.set.place(ctx, t.place)
}

// pattern adds the ref to the error of a source that cannot search by pattern.
func (t *Target) pattern(err error) error {
	if errors.Is(err, source.ErrRef) {
		return t.Fault(err)
	}
	return err
}

func (t *Target) unable(verb string) error {
	e := &UnableError{Verb: verb, Kind: t.place.Kind, Instead: instead(verb, t.place.Kind)}
	if t.ref.Name != "" {
		e.Ref = t.String()
	} else if t.IsFolder() {
		e.Ref = "s3://" + t.place.Path
	}
	if t.IsFolder() {
		e.Instead = "it works on tables and local stores"
	}
	return e
}
