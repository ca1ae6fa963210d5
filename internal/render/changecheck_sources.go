package render

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// Seen is what one render of a job looked up, for [Probe] to check.
type Seen struct {
	Store job.Store
	Trace []source.Known
	// Globs are the patterns whose matches are among Trace.
	Globs []source.Ref
	// Matches are the names that patterns of for_each matched.
	Matches []state.Matches
	// Full is for a full refresh, which misses nothing. Otherwise the check is the
	// cheapest one, and leaves out patterns.
	Full bool
}

// Verdict is the result of [Probe] for one job.
type Verdict struct {
	// Changed: a secret may have another value now, or none. What cannot be
	// determined counts as changed: the fetch that follows returns the error.
	Changed bool
	// Err: the store gave no answer about secrets that are not known to have changed
	// (source.Unanswered).
	Err error
}

// Probe checks for each of a number of jobs whether a lookup may have another answer
// now, without decrypting anything. The jobs' lookups go out together, equal ones
// once.
func Probe(ctx context.Context, open Opener, seen []Seen) []Verdict {
	type one struct {
		batch
		source.Known
	}
	known, has := map[batch][]source.Known{}, map[one]bool{}
	for _, s := range seen {
		for _, k := range s.Trace {
			if b := s.batch(k); !has[one{b, k}] {
				has[one{b, k}] = true
				known[b] = append(known[b], k)
			}
		}
	}
	verdicts, found := make([]Verdict, len(seen)), map[batch]*findings{}
	var wg sync.WaitGroup
	for b, all := range known {
		f := &findings{}
		found[b] = f
		wg.Go(func() { f.look(ctx, open, b, all) })
	}
	for i, s := range seen {
		if s.Full && len(s.Globs)+len(s.Matches) > 0 {
			wg.Go(func() { verdicts[i] = newNames(ctx, open, s) })
		}
	}
	wg.Wait()
	for i, s := range seen {
		unseen := map[source.Ref]error{}
		for _, k := range s.Trace {
			f := found[s.batch(k)]
			verdicts[i].Changed = verdicts[i].Changed || f.changed[k.Ref]
			if err := f.unseen[k.Ref]; err != nil {
				unseen[k.Ref] = err
			}
		}
		if len(unseen) > 0 {
			verdicts[i].Err = errors.Join(verdicts[i].Err, &source.LookError{Unseen: unseen})
		}
	}
	return verdicts
}

// batch is what goes out together.
type batch struct {
	store  job.Store
	prefix string
	full   bool
}

func (s Seen) batch(k source.Known) batch { return batch{s.Store, k.Ref.Source, s.Full} }

// findings are the refs of a batch that may have changed, and those without an answer.
type findings struct {
	changed map[source.Ref]bool
	unseen  map[source.Ref]error
}

// look asks the source of a batch. An error for all of it is one for each ref.
func (f *findings) look(ctx context.Context, open Opener, b batch, known []source.Known) {
	changed, err := lookup(ctx, open, b, known)
	partly, ok := errors.AsType[*source.LookError](err)
	if err != nil && !ok {
		var all source.Findings
		for _, k := range known {
			all.Add(k.Ref, true, err)
		}
		changed, err = all.Result()
		partly, ok = errors.AsType[*source.LookError](err)
	}
	f.changed = map[source.Ref]bool{}
	for _, ref := range changed {
		f.changed[ref] = true
	}
	if ok {
		f.unseen = partly.Unseen
	}
}

func lookup(ctx context.Context, open Opener, b batch, known []source.Known) ([]source.Ref, error) {
	src, err := open(ctx, b.store, b.prefix)
	if err != nil {
		return nil, err
	}
	look, canLook := src.(source.Looker)
	cheap, canProbe := src.(source.Prober)
	switch {
	case b.full && canLook:
		return look.Look(ctx, known)
	case canProbe:
		return cheap.Probe(ctx, known)
	}
	return nil, source.ErrUnsupported
}

// newNames reports whether patterns match names that they did not match before.
func newNames(ctx context.Context, open Opener, s Seen) (v Verdict) {
	var found source.Findings
	for _, g := range s.Globs {
		isNew, err := newName(ctx, open, s, g)
		found.Add(g, isNew, err)
	}
	for _, m := range s.Matches {
		isNew, err := newMatches(ctx, open, s, m)
		found.Add(m.Pattern, isNew, err)
	}
	changed, err := found.Result()
	return Verdict{Changed: len(changed) > 0, Err: err}
}

func newName(ctx context.Context, open Opener, s Seen, g source.Ref) (bool, error) {
	src, err := open(ctx, s.Store, g.Source)
	if err != nil {
		return true, err
	}
	lister, ok := src.(source.Lister)
	if !ok {
		return true, nil
	}
	entries, err := lister.List(ctx, g.Name)
	if err != nil {
		return true, err
	}
	for _, e := range entries {
		ref := source.Ref{Source: g.Source, Name: e.Name, Context: g.Context}
		if !slices.ContainsFunc(s.Trace, func(k source.Known) bool { return k.Ref == ref }) {
			return true, nil
		}
	}
	return false, nil
}
