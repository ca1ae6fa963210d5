package backend

import (
	"context"
	"errors"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// Target is a [Ref] with the settings of its source. What the source does not support is
// an [UnableError] before any request.
type Target struct {
	Ref
	set   *Set
	store job.Store
}

// Target returns the target of a ref beside a store. A table without a key for writes uses
// the store's.
func (s *Set) Target(where job.Store, ref Ref) (*Target, error) {
	st, err := StoreOf(where, ref.ref.Source)
	if err != nil {
		return nil, err
	}
	if st.Key == "" && takesKey(st.Kind) {
		st.Key = where.Key
	}
	return &Target{ref, s, st}, nil
}

// Store returns the settings of the target's source, with the key for writes.
func (t *Target) Store() job.Store { return t.store }

// HasItems reports whether the target is in a table or a local store.
func (t *Target) HasItems() bool { return hasItems(t.store.Kind) }

func hasItems(kind string) bool { return kind == DynamoDB || kind == Local || kind == "" }

// takesKey reports whether a kind of source encrypts with the store's own key.
func takesKey(kind string) bool { return kind == DynamoDB || kind == "" || kind == S3 }

// UseKey sets the KMS key for new secrets of a service that has a key of its own by
// default. What exists there keeps its key.
func (t *Target) UseKey(key string) {
	if t.store.Key == "" && (t.store.Kind == SSM || t.store.Kind == SecretsManager) {
		t.store.Key = key
	}
}

// IsFolder reports whether the target is in a folder of S3 that is used as a store.
func (t *Target) IsFolder() bool { return t.store.Kind == S3 && t.store.Path != "" }

// Items opens the table or local store that the target is in. name is the secret's name
// there, or a pattern; empty: all.
func (t *Target) Items(ctx context.Context, verb string) (st *store.Store, name string, err error) {
	if !t.HasItems() {
		return nil, "", t.unable(verb)
	}
	src, err := t.Source(ctx)
	if err != nil {
		return nil, "", err
	}
	st, ok := src.(*store.Store)
	if !ok {
		return nil, "", t.unable(verb)
	}
	return st, t.ref.Name, nil
}

// TakesContext reports whether values of the target's source have a context.
func (t *Target) TakesContext() bool { return takesContext(t.store.Kind) }

func takesContext(kind string) bool { return kind != SSM && kind != SecretsManager }

// Writer opens the target's source to put or delete secrets, and returns the target's
// ref for it.
func (t *Target) Writer(ctx context.Context, verb string) (source.Writer, source.Ref, error) {
	w, ref, err := capable[source.Writer](ctx, t, verb)
	if err == nil && verb != "delete" {
		err = t.refusePart(ctx)
	}
	return w, ref, err
}

// refusePart refuses to write a name that templates take for a part of an existing
// document, as name#/key: a secret of that very name would hide the part. Secrets Manager
// writes parts itself.
func (t *Target) refusePart(ctx context.Context) error {
	whole, _, _, isPart := t.Within()
	if !isPart {
		return nil
	}
	src, err := t.Source(ctx)
	if err != nil {
		return err
	}
	document := whole.ref
	document.Version = ""
	found := src.Fetch(ctx, []source.Ref{document, t.ref})
	if isThere(found[document].Err) && !isThere(found[t.ref].Err) {
		return t.Fault(&source.RefusalError{
			Reason:  "it is a part of the secret before #/, and only Secrets Manager writes parts of a document",
			Instead: "get the document, change it, and put it whole",
		})
	}
	return nil
}

func isThere(err error) bool { return err == nil || errors.Is(err, source.ErrWrongContext) }

// History opens the target's source to read versions, and returns the target's ref for
// it.
func (t *Target) History(ctx context.Context, verb string) (source.HistoryReader, source.Ref, error) {
	return capable[source.HistoryReader](ctx, t, verb)
}

// capable opens the target's source as an interface that some sources implement.
func capable[T any](ctx context.Context, t *Target, verb string) (able T, ref source.Ref, err error) {
	src, err := t.Source(ctx)
	if err != nil {
		return able, ref, err
	}
	var opened any = src
	if st, ok := src.(*store.Store); ok {
		opened = store.RefWriter{Store: st}
	}
	able, ok := opened.(T)
	if !ok {
		return able, ref, t.unable(verb)
	}
	return able, t.ref, nil
}

// Fetch fetches the value with its trace, which a later write can expect to be the
// newest.
func (t *Target) Fetch(ctx context.Context) (source.Result, error) {
	src, err := t.Source(ctx)
	if err != nil {
		return source.Result{}, err
	}
	got := src.Fetch(ctx, []source.Ref{t.ref})[t.ref]
	return got, t.Fault(got.Err)
}

// Get fetches the value.
func (t *Target) Get(ctx context.Context) (source.Secret, error) {
	got, err := t.Fetch(ctx)
	return got.Secret, err
}

// Within returns the secret before #/ in the name, and the pointer behind: templates reach
// into documents by such names. isOnly reports whether no secret can have the whole name.
// It reports false for the names that have no #/, and for those of Secrets Manager, which
// reads its documents itself.
func (t *Target) Within() (document *Target, pointer string, isOnly, ok bool) {
	ref, pointer, ok := t.ref.Within()
	if !ok || t.store.Kind == SecretsManager {
		return nil, "", false, false
	}
	whole := *t
	whole.ref = ref
	return &whole, pointer, t.store.Kind == SSM, true
}

// List returns the entries that the pattern matches.
func (t *Target) List(ctx context.Context) ([]source.Entry, error) {
	src, err := t.Source(ctx)
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
	src, err := t.Source(ctx)
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

// Source opens the target's source.
func (t *Target) Source(ctx context.Context) (source.Source, error) {
	return t.set.source(ctx, t.store)
}

// pattern adds the ref to the error of a source that cannot search by pattern.
func (t *Target) pattern(err error) error {
	if errors.Is(err, source.ErrRef) {
		return t.Fault(err)
	}
	return err
}

func (t *Target) unable(verb string) error {
	e := &UnableError{Verb: verb, Kind: t.store.Kind, Instead: "it works on tables and local stores"}
	if t.ref.Name != "" {
		e.Ref = t.String()
	} else if t.IsFolder() {
		e.Ref = "s3://" + t.store.Path
	}
	return e
}
