// Package secretsmanager reads and writes AWS Secrets Manager, by name or ARN, and reads up
// to twenty secrets to a request.
//
// A Ref's name may end in "#KEY". Then the secret is a JSON object, and the value is that
// of its key: a number or a boolean as it is written, an object or list as JSON. A KEY
// that begins with "/", and that the object does not have, is a JSON Pointer. The
// version is a stage, such as "AWSPREVIOUS", or a version id; the default is AWSCURRENT.
// Encryption contexts are ignored, because AWS uses its own.
//
// BatchGetSecretValue requires a permission of its own, besides
// secretsmanager:GetSecretValue, and supports no stages and versions. Without the
// permission, and for stages and versions, there is one request for each secret.
package secretsmanager

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	// maxBatch is the limit of ids in one BatchGetSecretValue
	// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html).
	maxBatch    = 20
	concurrency = 32
	current     = "AWSCURRENT"
	// idLength is the minimum length of version ids. Anything shorter is a stage.
	idLength = 32
)

// Secrets is Secrets Manager in one region. It is safe for concurrent use.
type Secrets struct {
	client *wire.JSONClient
	key    string // for new secrets
}

var (
	_ source.Source = (*Secrets)(nil)
	_ source.Prober = (*Secrets)(nil)
)

// New returns the Secrets Manager of the client's region. It does no I/O.
func New(client awsconfig.Client) *Secrets {
	return &Secrets{client: newClient(client)}
}

// WithKey returns s with a KMS key for new secrets; empty: the account's default key,
// aws/secretsmanager. Existing secrets keep their keys.
func (s *Secrets) WithKey(key string) *Secrets { return &Secrets{s.client, key} }

// want identifies a stored value, regardless of the keys in it.
type want struct{ id, version string }

// wanted splits a ref into the stored value and the key in it.
func wanted(r source.Ref) (w want, key string) {
	id, key, _ := strings.Cut(r.Name, "#") // no name of a secret has one
	w = want{id: id, version: r.Version}
	if w.version == current {
		w.version = ""
	}
	return w, key
}

// Fetch implements source.Source.
func (s *Secrets) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	var newest []string
	var pinned []want
	for _, r := range refs {
		if w, _ := wanted(r); w.version == "" {
			newest = append(newest, w.id)
		} else {
			pinned = append(pinned, w)
		}
	}
	slices.Sort(newest)
	values := s.all(ctx, slices.Compact(newest), pinned)
	out := make(map[source.Ref]source.Result, len(refs))
	for _, r := range refs {
		w, key := wanted(r)
		out[r] = values[w].result(key)
	}
	return out
}

// all requests the newest values in batches, and each pinned one.
func (s *Secrets) all(ctx context.Context, newest []string, pinned []want) map[want]value {
	parts := make(chan map[want]value, len(newest)+len(pinned))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for ids := range slices.Chunk(newest, maxBatch) {
		g.Go(func() error { parts <- s.twenty(ctx, ids); return nil })
	}
	seen := map[want]bool{}
	for _, w := range pinned {
		if !seen[w] {
			seen[w] = true
			g.Go(func() error { parts <- map[want]value{w: s.one(ctx, w)}; return nil })
		}
	}
	_ = g.Wait()
	close(parts)
	all := map[want]value{}
	for part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// Probe implements source.Prober by DescribeSecret, which returns the current version id
// and decrypts nothing. It requires secretsmanager:DescribeSecret; without it, every
// secret counts as changed. A version that a ref selects by its id never changes, so
// Probe does not request it.
func (s *Secrets) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	var asked []source.Known
	answers := map[want]func() (string, error){}
	for _, k := range known {
		w, _ := wanted(k.Ref)
		if len(w.version) < idLength || k.Trace.Absent {
			asked = append(asked, k)
			answers[w] = sync.OnceValues(func() (string, error) { return s.versionOf(ctx, w) })
		}
	}
	return source.ProbeEach(asked, concurrency, func(k source.Known) (bool, error) {
		w, key := wanted(k.Ref)
		id, err := answers[w]()
		return changed(k.Trace, key, id, err)
	})
}

// changed compares a trace with the current version id of the secret, or with the
// error of asking for it.
func changed(seen source.Trace, key, id string, err error) (bool, error) {
	absent := errors.Is(err, source.ErrNotFound)
	switch {
	case err != nil && !absent:
		return true, err
	case !seen.Absent:
		return absent || seen.Version != id, nil
	case key == "":
		return !absent, nil
	}
	return !absent && id != seen.Mark, nil // the secret may exist without the key
}
