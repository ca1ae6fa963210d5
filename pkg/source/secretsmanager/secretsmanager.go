// Package secretsmanager reads AWS Secrets Manager: twenty secrets to a
// request, by name or ARN.
//
// A Ref's name may end in "#KEY": then the secret is a JSON object, and the
// value that of its key (a number or a bool as it is written, anything deeper
// as JSON). Its version is a stage ("AWSPREVIOUS") or a version id; without
// one it is AWSCURRENT. Encryption contexts play no part: AWS makes its own,
// and whatever a Ref has is ignored.
//
// BatchGetSecretValue takes a right of its own beside
// secretsmanager:GetSecretValue; without it, and for stages and versions, which
// it does not know, there is one request for each secret.
package secretsmanager

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	// maxBatch is how many ids one BatchGetSecretValue takes
	// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html).
	maxBatch    = 20
	concurrency = 32
	current     = "AWSCURRENT"
	// idLength is how long version ids are at least; stages are labels of people.
	idLength = 32
)

// Secrets is Secrets Manager in one region. It is safe for concurrent use.
type Secrets struct{ client *wire.JSONClient }

var (
	_ source.Source = (*Secrets)(nil)
	_ source.Prober = (*Secrets)(nil)
)

// New returns the Secrets Manager of the client's region. It does no I/O.
func New(client awsconfig.Client) *Secrets {
	return &Secrets{newClient(client)}
}

// want is one stored value, whichever of its keys are asked for.
type want struct{ id, version string }

// wanted divides a ref into what is asked of AWS and the key in it.
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
	values := s.all(ctx, unique(newest), pinned)
	out := make(map[source.Ref]source.Result, len(refs))
	for _, r := range refs {
		w, key := wanted(r)
		out[r] = values[w].result(key)
	}
	return out
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// all asks for newest values in twenties, and for each pinned one.
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
		for w, v := range part {
			all[w] = v
		}
	}
	return all
}

// Probe implements source.Prober: DescribeSecret tells the version id that is
// current, and decrypts nothing. It takes the right to
// secretsmanager:DescribeSecret; without it every secret counts as changed. A
// version that is asked for by its id never changes, and is not asked about.
func (s *Secrets) Probe(ctx context.Context, known []source.Known) ([]source.Ref, error) {
	asked := map[want][]source.Known{}
	for _, k := range known {
		w, _ := wanted(k.Ref)
		if len(w.version) < idLength || k.Trace.Absent {
			asked[w] = append(asked[w], k)
		}
	}
	answers := make(chan func(*source.Findings), len(asked))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for w, ks := range asked {
		g.Go(func() error { answers <- s.look(ctx, w, ks); return nil })
	}
	_ = g.Wait()
	close(answers)
	var found source.Findings
	for tell := range answers {
		tell(&found)
	}
	return found.Result()
}

// look asks about one stored value, and returns how to tell what was found of
// ks.
func (s *Secrets) look(ctx context.Context, w want, ks []source.Known) func(*source.Findings) {
	id, err := s.versionOf(ctx, w)
	absent := errors.Is(err, source.ErrNotFound)
	if absent {
		err = nil
	}
	return func(found *source.Findings) {
		for _, k := range ks {
			same := k.Trace.Version == id && id != "" && !k.Trace.Absent
			_, key := wanted(k.Ref)
			switch {
			case k.Trace.Absent && key == "":
				same = absent
			case k.Trace.Absent: // the secret may be there without the key
				same = absent || id == k.Trace.Mark
			}
			found.Add(k.Ref, !same, err)
		}
	}
}
