package render

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// Override is a value that an operator gives in place of a secret's.
type Override struct {
	// Ref without a context stands for the name with whatever context templates give
	// it. If they give it several, the run is refused.
	Ref   source.Ref
	Value source.Secret
}

// Overrides are those of one command. They keep what its runs ask for, because a
// command may take several runs.
type Overrides struct {
	List []Override
	// More: another run of the command follows, which may ask for the rest.
	More bool

	asked []map[storedRef]string // by override, what it replaces and in which job
}

// storedRef is a secret of a store: two stores may have secrets of one name.
type storedRef struct {
	store job.Store
	ref   source.Ref
}

// OverrideError is the error of an override that no template asks for, or that may mean
// several secrets.
type OverrideError struct {
	Ref   source.Ref
	Asked []string // the secrets that it may mean, each with its job
}

func (e *OverrideError) Error() string {
	if len(e.Asked) == 0 {
		return fmt.Sprintf("--override %s: no rendered template uses it", e.Ref)
	}
	return fmt.Sprintf("--override %s: it may mean several secrets: %s", e.Ref, strings.Join(e.Asked, ", "))
}

// of returns the index of the override of a secret. One with the secret's context takes
// precedence over one without.
func (o *Overrides) of(ref source.Ref) (int, bool) {
	found := -1
	if o == nil || ref.Version != "" {
		return found, false
	}
	for i, x := range o.List {
		switch {
		case x.Ref.Text() != ref.Text():
		case x.Ref.Context == ref.Context:
			return i, true
		case x.Ref.Context.IsZero():
			found = i
		}
	}
	return found, found >= 0
}

// fetch answers refs. It asks the source only for those that are not overridden, so
// that an override works while the source is down.
func (o *Overrides) fetch(ctx context.Context, src source.Source, refs []source.Ref) map[source.Ref]source.Result {
	given := map[source.Ref]source.Result{}
	var rest []source.Ref
	for _, ref := range refs {
		if i, ok := o.of(ref); ok {
			given[ref] = source.Result{Secret: o.List[i].Value}
		} else {
			rest = append(rest, ref)
		}
	}
	if len(rest) > 0 {
		maps.Copy(given, src.Fetch(ctx, rest))
	}
	return given
}

// glob adds the overrides that a pattern matches to what the source has found. They may
// be of names that the source lacks.
func (o *Overrides) glob(found map[string]source.Result, pattern source.Ref) map[string]source.Result {
	if o == nil || found == nil {
		return found
	}
	found = maps.Clone(found)
	for _, x := range o.List {
		ref := source.Ref{Source: pattern.Source, Name: x.Ref.Name, Context: pattern.Context}
		if i, ok := o.of(ref); ok && source.Match(pattern.Name, ref.Name) {
			found[ref.Name] = source.Result{Secret: o.List[i].Value}
		}
	}
	return found
}

// overridden is a secret of a job that has an operator's value.
type overridden struct {
	ref   source.Ref
	shown source.Ref // ref, or the operator's words if ref depends on a secret
}

// override reports whether ref has an operator's value, and notes it.
func (p *Plan) override(o *Overrides, ref source.Ref, derived bool) bool {
	i, ok := o.of(ref)
	if !ok {
		return false
	}
	x := overridden{ref, ref}
	if derived {
		x.shown = o.List[i].Ref
	}
	if !slices.Contains(p.overridden, x) {
		p.overridden = append(p.overridden, x)
	}
	if o.asked == nil {
		o.asked = make([]map[storedRef]string, len(o.List))
	}
	if o.asked[i] == nil {
		o.asked[i] = map[storedRef]string{}
	}
	key := storedRef{p.Job.Store, ref}
	o.asked[i][key] = cmp.Or(o.asked[i][key], fmt.Sprintf("%s in %s", x.shown, p.Job.Name))
	return true
}

// Overridden returns the secrets of the job that have an operator's value.
func (p *Plan) Overridden() (refs []source.Ref) {
	for _, x := range p.overridden {
		refs = append(refs, x.shown)
	}
	return refs
}

// checkOverrides refuses an override that may mean several secrets. If these are the
// last jobs, it also refuses one that no template asked for, unless a job failed: that
// one might have asked, and its own error counts.
func (r *run) checkOverrides(last bool) error {
	o := r.o.Overrides
	if o == nil {
		return nil
	}
	last = last && !o.More && !slices.ContainsFunc(r.plans, func(p *Plan) bool { return p.report.Err != nil })
	for i, x := range o.List {
		var asked []string
		if o.asked != nil {
			asked = slices.Sorted(maps.Values(o.asked[i]))
		}
		if len(asked) > 1 || len(asked) == 0 && last {
			return &OverrideError{x.Ref, asked}
		}
	}
	return nil
}

// noteOverrides records which values are an operator's, and returns the lookups to
// record. Of an overridden secret those are the ones of before: what the source holds
// now is not known.
func (r *run) noteOverrides(p *Plan, rec *state.Record) []source.Known {
	before := rec.Overrides
	rec.Overrides = nil
	trace := slices.Clone(p.Trace)
	for _, x := range p.overridden {
		o := state.Override{Ref: x.shown, Since: r.now}
		if i := slices.IndexFunc(before, func(b state.Override) bool { return b.Ref == x.shown }); i >= 0 {
			o = before[i]
		}
		rec.Overrides = append(rec.Overrides, o)
		for _, known := range rec.Trace {
			if known.Ref == x.ref {
				trace = append(trace, known)
			}
		}
	}
	return trace
}
