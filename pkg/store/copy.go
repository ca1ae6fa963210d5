package store

import (
	"context"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// CopyRequest is what to copy into another store.
type CopyRequest struct {
	Scope // of the store that is read
	Into  *Store
	// To, if set, is the context of every copy; nil: that of the original.
	To *source.Context
	// AllVersions copies history too; else the newest version of each name.
	AllVersions bool
}

// Copy opens versions here and seals them anew in another store, under the same
// number, padded, with their comments and the attributes of other programs. One that is there with the same value
// stays; one with another value is source.ErrExists. So a further Copy does what
// a killed one left. Older versions come first: a copy is never the newest
// for a while only.
func (s *Store) Copy(ctx context.Context, r CopyRequest) ([]Outcome, error) {
	items, err := s.gather(ctx, r.Scope)
	if err != nil {
		return nil, err
	}
	open := s.opener()
	return change(ctx, s, r.Scope, byName(items, itemName), func(g []credstash.Item) (done []Outcome) {
		if !r.AllVersions {
			g = g[len(g)-1:]
		}
		for _, item := range g {
			done = append(done, s.copyOne(ctx, r, open, item))
		}
		return done
	})
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

// PutAll stores many values, as Put does each. A request of the scope's DryRun
// is one whatever it says itself.
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
		o.Action = Stored
	}
	if version == "" {
		o.Version = r.Version
	}
	return o
}
