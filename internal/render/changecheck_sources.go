package render

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// Seen is what one render of a job looked up, for [Probe] to look at again.
type Seen struct {
	Store job.Store
	Trace []source.Known
	// Globs are the patterns whose matches are among Trace.
	Globs []source.Ref
	// Full asks for a look that misses nothing; else for the cheapest, which
	// leaves patterns alone.
	Full bool
}

// Verdict is what [Probe] found of a job.
type Verdict struct {
	// Changed: a lookup may have another answer now, or none of use. What
	// cannot be told counts as changed: the fetch that follows says why.
	Changed bool
	// Err: of the lookups that are not known to have changed, some got no
	// answer, since the store is throttled or out of reach (source.Unanswered).
	Err error
}

// Probe tells for each of a number of jobs whether a lookup may have another
// answer now, without decrypting anything. The jobs' lookups go out together,
// equal ones once.
func Probe(ctx context.Context, open Opener, seen []Seen) []Verdict {
	type key struct {
		group
		full bool
	}
	asked := map[key]*probe{}
	for i, s := range seen {
		for _, k := range s.Trace {
			g := key{group{s.Store, k.Ref.Source}, s.Full}
			asked[g] = asked[g].add(k, i)
		}
	}
	verdicts := make([]Verdict, len(seen)) // of patterns, to begin with
	var wg sync.WaitGroup
	for g, p := range asked {
		wg.Go(func() { p.changed, p.unseen = p.ask(ctx, open, g.group, g.full) })
	}
	for i, s := range seen {
		if s.Full && len(s.Globs) > 0 {
			wg.Go(func() { verdicts[i] = newNames(ctx, open, s) })
		}
	}
	wg.Wait()
	for _, p := range asked {
		p.tell(verdicts)
	}
	return verdicts
}

// probe is what is asked of one source.
type probe struct {
	known   []source.Known // without duplicates
	has     map[source.Known]bool
	askers  map[source.Ref][]int
	changed []source.Ref
	unseen  map[source.Ref]error
}

// tell hands on what was found to the jobs that asked.
func (p *probe) tell(verdicts []Verdict) {
	for _, ref := range p.changed {
		for _, i := range p.askers[ref] {
			verdicts[i].Changed = true
		}
	}
	unseen := map[int]map[source.Ref]error{}
	for ref, err := range p.unseen {
		for _, i := range p.askers[ref] {
			if unseen[i] == nil {
				unseen[i] = map[source.Ref]error{}
			}
			unseen[i][ref] = err
		}
	}
	for i, errs := range unseen {
		verdicts[i].Err = errors.Join(verdicts[i].Err, &source.LookError{Unseen: errs})
	}
}

func (p *probe) add(k source.Known, asker int) *probe {
	if p == nil {
		p = &probe{has: map[source.Known]bool{}, askers: map[source.Ref][]int{}}
	}
	if !p.has[k] {
		p.known, p.has[k] = append(p.known, k), true
	}
	p.askers[k.Ref] = append(p.askers[k.Ref], asker)
	return p
}

// ask returns what may have changed, and what got no answer.
func (p *probe) ask(ctx context.Context, open Opener, g group, full bool) ([]source.Ref, map[source.Ref]error) {
	changed, err := p.look(ctx, open, g, full)
	look, partly := errors.AsType[*source.LookError](err)
	if err != nil && !partly {
		var found source.Findings
		for _, k := range p.known {
			found.Add(k.Ref, true, err)
		}
		changed, err = found.Result()
		look, partly = errors.AsType[*source.LookError](err)
	}
	if partly {
		return changed, look.Unseen
	}
	return changed, nil
}

func (p *probe) look(ctx context.Context, open Opener, g group, full bool) ([]source.Ref, error) {
	src, err := open(ctx, g.store, g.prefix)
	if err != nil {
		return nil, err
	}
	look, canLook := src.(source.Looker)
	cheap, canProbe := src.(source.Prober)
	switch {
	case full && canLook:
		return look.Look(ctx, p.known)
	case !full && canProbe:
		return cheap.Probe(ctx, p.known)
	}
	return nil, source.ErrUnsupported
}

// newNames tells whether a pattern matches a name that it did not.
func newNames(ctx context.Context, open Opener, s Seen) (v Verdict) {
	var found source.Findings
	for _, g := range s.Globs {
		isNew, err := newName(ctx, open, s, g)
		found.Add(g, isNew, err)
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
