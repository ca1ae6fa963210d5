package s3

import (
	"context"
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
	_ source.Source        = (*Secrets)(nil)
	_ source.Prober        = (*Secrets)(nil)
	_ source.Globber       = (*Secrets)(nil)
	_ source.Lister        = (*Secrets)(nil)
	_ source.Writer        = (*Secrets)(nil)
	_ source.HistoryReader = (*Secrets)(nil)
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

// In returns the encrypted values in a folder, "bucket" or "bucket/prefix", that is used as a
// store: names are keys of objects without the prefix.
func (s *Secrets) In(place string) *Secrets {
	folder := &Objects{client: s.objects.client, folder: strings.TrimSuffix(place, "/") + "/", versioned: s.objects.versioned}
	return &Secrets{folder, s.keys}
}
