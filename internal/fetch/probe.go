package fetch

import (
	"context"
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

// Probe tells for each of a number of jobs whether a lookup may have another
// answer now, without decrypting anything. The jobs' lookups go out together,
// equal ones once. What cannot be told counts as changed.
func Probe(ctx context.Context, open Opener, seen []Seen) []bool {
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
	changed := make([]bool, len(seen))
	var wg sync.WaitGroup
	for g, p := range asked {
		wg.Go(func() { p.changed = p.ask(ctx, open, g.group, g.full) })
	}
	globs := make([]bool, len(seen))
	for i, s := range seen {
		if s.Full && len(s.Globs) > 0 {
			wg.Go(func() { globs[i] = newNames(ctx, open, s) })
		}
	}
	wg.Wait()
	for _, p := range asked {
		for _, ref := range p.changed {
			for _, i := range p.askers[ref] {
				changed[i] = true
			}
		}
	}
	for i, found := range globs {
		changed[i] = changed[i] || found
	}
	return changed
}

// probe is what is asked of one source.
type probe struct {
	known   []source.Known // without duplicates
	has     map[source.Known]bool
	askers  map[source.Ref][]int
	changed []source.Ref
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

func (p *probe) ask(ctx context.Context, open Opener, g group, full bool) []source.Ref {
	src, err := open(ctx, g.store, g.prefix)
	if err == nil {
		var changed []source.Ref
		look, canLook := src.(source.Looker)
		cheap, canProbe := src.(source.Prober)
		switch {
		case full && canLook:
			changed, err = look.Look(ctx, p.known)
		case !full && canProbe:
			changed, err = cheap.Probe(ctx, p.known)
		default:
			err = source.ErrUnsupported
		}
		if err == nil {
			return changed
		}
	}
	all := make([]source.Ref, 0, len(p.known))
	for _, k := range p.known {
		all = append(all, k.Ref)
	}
	return all
}

// newNames reports whether a pattern matches a name that it did not.
func newNames(ctx context.Context, open Opener, s Seen) bool {
	for _, g := range s.Globs {
		src, err := open(ctx, s.Store, g.Source)
		if err != nil {
			return true
		}
		lister, ok := src.(source.Lister)
		if !ok {
			return true
		}
		entries, err := lister.List(ctx, g.Name)
		if err != nil {
			return true
		}
		for _, e := range entries {
			ref := source.Ref{Source: g.Source, Name: e.Name, Context: g.Context}
			if !slices.ContainsFunc(s.Trace, func(k source.Known) bool { return k.Ref == ref }) {
				return true
			}
		}
	}
	return false
}
