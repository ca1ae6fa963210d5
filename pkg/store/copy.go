package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// ErrNewer: readers get another version than the one that was to be copied.
var ErrNewer = errors.New("a newer version exists, which readers would still get")

// CopyRequest selects the secrets that Copy copies into another store.
type CopyRequest struct {
	Scope // of the store that is read
	Into  *Store
	// To, if set, is the context of every copy; nil: the context of the original.
	To *source.Context
	// AllVersions copies all versions; without it, Copy copies the newest of each name.
	AllVersions bool
}

// Copy opens versions and seals them anew in another store, under the same number,
// padded, with their comments and the attributes of other programs. A version that
// the other store has with the same value stays; one with another value is
// source.ErrExists. So another Copy finishes the work of one that was killed. Older
// versions are copied first, so that readers of the copy never get one meanwhile that
// is not the newest.
//
// The version that readers of this store get is ErrNewer, and is not copied, if the
// readers of the other would get another one all the same. A caller that may not look
// that up there goes without. If padding makes a version the newest that was hidden
// here, there is an outcome that is Unhidden.
func (s *Store) Copy(ctx context.Context, r CopyRequest) ([]Outcome, error) {
	items, err := s.gather(ctx, r.Scope)
	if err == nil && len(items) == 0 {
		err = source.ErrNoMatch
	}
	if err != nil {
		return nil, err
	}
	open := s.opener()
	return change(ctx, s, r.Scope, byName(items), func(g []credstash.Item) []Outcome {
		if !r.AllVersions {
			g = g[len(g)-1:]
		}
		return s.copyName(ctx, r, open, g)
	})
}

// copyName copies versions of one name, of which the last is the one that readers get.
func (s *Store) copyName(ctx context.Context, r CopyRequest, open opener, versions []credstash.Item) (done []Outcome) {
	top := ""
	for _, item := range versions {
		top = max(top, credstash.Pad(item.Version))
	}
	last := versions[len(versions)-1]
	newer, err := r.Into.NewerThan(ctx, last.Name, top)
	if err == nil && newer != "" {
		err = fmt.Errorf("%w: version %s", ErrNewer, source.Show(newer))
	}
	for i, item := range versions {
		if i == len(versions)-1 && err != nil && !errors.Is(err, source.ErrDenied) {
			return append(done, Outcome{Name: item.Name, Version: item.Version, Err: err})
		}
		done = append(done, s.copyOne(ctx, r, open, item))
	}
	if top != credstash.Pad(last.Version) {
		done = append(done, Outcome{Name: last.Name, Version: last.Version, Action: Unhidden, To: top})
	}
	return done
}

func (s *Store) copyOne(ctx context.Context, r CopyRequest, open opener, item credstash.Item) Outcome {
	o := Outcome{Name: item.Name, Version: item.Version}
	plain, c, err := open.open(ctx, item, r.Contexts.of(item.Name))
	if err != nil {
		o.Err = err
		return o
	}
	if r.To != nil {
		c = *r.To
	}
	put := PutRequest{
		Name: item.Name, Value: source.NewSecret(plain), Context: c, Version: item.Version, Comment: item.Comment,
		Foreign: item.Foreign, Algorithm: item.Algorithm, IfChanged: true, DryRun: r.DryRun,
	}
	if credstash.Portable(item) {
		put.Digest = item.Digest
	}
	return r.Into.putOne(ctx, put)
}

// PutAll stores many values like Put. If the scope is a dry run, every request is.
func (s *Store) PutAll(ctx context.Context, sc Scope, requests []PutRequest) ([]Outcome, error) {
	return change(ctx, s, sc, requests, func(r PutRequest) []Outcome {
		r.DryRun = r.DryRun || sc.DryRun
		return []Outcome{s.putOne(ctx, r)}
	})
}

func (s *Store) putOne(ctx context.Context, r PutRequest) Outcome {
	version, changed, err := s.Put(ctx, r)
	o := Outcome{Name: r.Name, Version: version, Err: err}
	if err == nil && changed {
		o.Action, o.Size = Stored, len(r.Value.Reveal())
	}
	if version == "" {
		o.Version = r.Version
	}
	return o
}
