package s3

import (
	"context"
	"errors"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/blob"
)

// Keys is KMS with a key for writing.
type Keys interface {
	blob.Sealer
	blob.Decrypter
}

// Secrets are objects with encrypted values. It is safe for concurrent use.
type Secrets struct {
	objects *Objects
	keys    Keys
}

var (
	_ source.Source  = (*Secrets)(nil)
	_ source.Prober  = (*Secrets)(nil)
	_ source.Globber = (*Secrets)(nil)
	_ source.Lister  = (*Secrets)(nil)
)

// NewSecrets returns the encrypted values among objects.
func NewSecrets(o *Objects, k Keys) *Secrets { return &Secrets{o, k} }

// Fetch implements source.Source. It decrypts each object as soon as it has arrived.
func (s *Secrets) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	return source.FetchEach(refs, concurrency, func(r source.Ref) source.Result {
		data, trace, err := s.objects.get(ctx, r)
		if err == nil {
			data, err = blob.Open(ctx, s.keys, data, r.Context)
		}
		return result(data, trace, err)
	})
}

// Probe implements source.Prober as Objects does. It sends no requests to KMS.
func (s *Secrets) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	return s.objects.Probe(ctx, known)
}

// List implements source.Lister as Objects does.
func (s *Secrets) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	return s.objects.List(ctx, pattern)
}

// Glob implements source.Globber as Objects does.
func (s *Secrets) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	refs, err := s.objects.matches(ctx, pattern)
	if err != nil {
		return nil, err
	}
	return source.DropCandidates(byName(s.Fetch(ctx, refs))), nil
}

// Folder is a prefix of a bucket, used as a store. Names are keys of objects without the
// prefix.
type Folder struct {
	secrets *Secrets
	prefix  string // "bucket/" or "bucket/prefix/"
}

var (
	_ source.Source  = (*Folder)(nil)
	_ source.Prober  = (*Folder)(nil)
	_ source.Globber = (*Folder)(nil)
	_ source.Lister  = (*Folder)(nil)
)

// In returns the folder at "bucket" or "bucket/prefix".
func (s *Secrets) In(place string) *Folder {
	return &Folder{s, strings.TrimSuffix(place, "/") + "/"}
}

func (f *Folder) full(r source.Ref) source.Ref {
	r.Name = f.prefix + r.Name
	return r
}

func (f *Folder) below(r source.Ref) source.Ref {
	r.Name = strings.TrimPrefix(r.Name, f.prefix)
	return r
}

// Fetch implements source.Source.
func (f *Folder) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	below := make([]source.Ref, len(refs))
	for i, r := range refs {
		below[i] = f.full(r)
	}
	results := f.secrets.Fetch(ctx, below)
	out := make(map[source.Ref]source.Result, len(refs))
	for i, r := range refs {
		out[r] = results[below[i]]
	}
	return out
}

// Probe implements source.Prober.
func (f *Folder) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	below := make([]source.Known, len(known))
	for i, k := range known {
		below[i] = source.Known{Ref: f.full(k.Ref), Trace: k.Trace}
	}
	changed, err := f.secrets.Probe(ctx, below)
	for i := range changed {
		changed[i] = f.below(changed[i])
	}
	if look, ok := errors.AsType[*source.LookError](err); ok {
		unseen := make(map[source.Ref]error, len(look.Unseen))
		for ref, why := range look.Unseen {
			unseen[f.below(ref)] = why
		}
		err = &source.LookError{Unseen: unseen}
	}
	return changed, err
}

// Glob implements source.Globber.
func (f *Folder) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	found, err := f.secrets.Glob(ctx, f.full(pattern))
	out := make(map[string]source.Result, len(found))
	for name, res := range found {
		out[strings.TrimPrefix(name, f.prefix)] = res
	}
	return out, err
}

// List implements source.Lister. The empty pattern matches all names.
func (f *Folder) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	if pattern == "" {
		pattern = "*"
	}
	entries, err := f.secrets.List(ctx, f.prefix+pattern)
	for i := range entries {
		entries[i].Name = strings.TrimPrefix(entries[i].Name, f.prefix)
	}
	return entries, err
}
