package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// limited is the source of a store under the time limit of the run.
type limited struct {
	source.ByPrefix
	limit     *limit.Limit
	overrides *Overrides
}

func (l limited) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	ctx, stop := l.limit.Context(ctx)
	defer stop()
	return l.overrides.fetch(ctx, l.ByPrefix, refs)
}

func (l limited) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	ctx, stop := l.limit.Context(ctx)
	defer stop()
	found, err := l.ByPrefix.Glob(ctx, pattern)
	return l.overrides.glob(found, pattern), err
}

// fetcher returns the one fetcher of a store: jobs share what it has fetched.
func (r *run) fetcher(store job.Store) *template.Fetcher {
	f, ok := r.fetchers[store]
	if !ok {
		f = template.NewFetcher(limited{func(ctx context.Context, prefix string) (source.Source, error) {
			return r.env.Open(ctx, store, prefix)
		}, r.limit, r.o.Overrides})
		r.fetchers[store] = f
	}
	return f
}

// prepare makes a rendering of each file of a job.
func (r *run) prepare(p *Plan) {
	f, resolver := r.fetcher(p.Job.Store), r.resolver(p)
	p.renderings = make([]*template.Rendering, len(p.units))
	for i, u := range p.units {
		switch {
		case u.File.Data != nil:
		case u.Template == nil:
			p.renderings[i] = f.Secret(u.Ref, u.File.Origin, resolver)
		default:
			p.renderings[i] = f.Template(u.Template, resolver)
		}
	}
}

// resolver answers the templates of a job.
func (r *run) resolver(p *Plan) template.Resolver {
	host := r.env.Host
	host.Now = func() time.Time { return r.now }
	host.ReadFile = func(path string) ([]byte, error) { return r.readFile(p, path) }
	if p.time == nil {
		p.time = template.NewTimeLimit(r.o.Timeout)
	}
	return template.Resolver{
		Host:         host,
		Time:         p.time,
		AllowNoMatch: func(pattern source.Ref) bool { return r.mayMatchNothing(p, pattern) },
		Required: func(ref source.Ref) error {
			if r.renderedBefore(p, ref) {
				return ErrRemoved
			}
			return nil
		},
	}
}

// mayMatchNothing reports whether a list of secrets may be empty. As with allowed
// names, a pattern is permitted by one that its own text matches.
func (r *run) mayMatchNothing(p *Plan, pattern source.Ref) bool {
	return r.o.AllowNoMatch || slices.ContainsFunc(p.Job.AllowNoMatch, func(allowed string) bool {
		return source.Match(allowed, pattern.Text())
	})
}

// renderedBefore reports whether this host has rendered ref, so that its absence now is
// a loss that no default replaces. The job's own record decides. If it has none of ref,
// the records of other jobs with values from the same place do: the job may be new, or
// another one under a new name.
func (r *run) renderedBefore(p *Plan, ref source.Ref) bool {
	if p.state == nil || slices.Contains(r.o.AcceptRemoved, ref.Name) {
		return false
	}
	own := p.state.Record()
	isRef := func(k source.Known) bool { return k.Ref == ref }
	if i := slices.IndexFunc(own.Trace, isRef); i >= 0 {
		return !own.Trace[i].Trace.Absent
	}
	for _, rec := range r.records {
		if i := slices.IndexFunc(rec.Trace, isRef); i >= 0 && rec.SamePlace(own) && !rec.Trace[i].Trace.Absent {
			p.lost = append(p.lost, rec.Trace[i]) // rec is dropped if its job is gone
			return true
		}
	}
	return false
}

// readFile reads a file for a template. A file that another job of the run writes is
// pending until that job is done.
func (r *run) readFile(p *Plan, path string) ([]byte, error) {
	waits, err := r.waitFor(p, path)
	switch {
	case err != nil:
		return nil, err
	case waits:
		return nil, template.ErrPending
	}
	_, _ = r.stamp(path) // without one the next run renders
	data, err := r.env.ReadFile(p.Job, path)
	if written, ok := r.foreseen(path); ok && missingOrFine(err) {
		return written, nil
	}
	return data, err
}

// gather fetches what all jobs ask for.
func (r *run) gather(ctx context.Context, jobs []*Plan) {
	var all []*template.Rendering
	for _, p := range jobs {
		if p.report.Err == nil {
			r.prepare(p)
			all = append(all, p.rendered()...)
		}
	}
	r.fetched.Add(template.Gather(ctx, all...))
}

// rendered returns the renderings of the files that are not plain bytes.
func (p *Plan) rendered() []*template.Rendering {
	return slices.DeleteFunc(slices.Clone(p.renderings), func(x *template.Rendering) bool { return x == nil })
}

// maxRendered bounds the bytes of all files of a run, which it holds in memory.
const maxRendered = 128 << 20

// ErrTooMuch is the error of the file with which a run has rendered too much.
var ErrTooMuch = fmt.Errorf("the rendered files of this run are larger than %d MiB together", maxRendered>>20)

// execute renders a job's files in memory. Every secret that is missing or refused is
// named, not the first alone.
func (r *run) execute(ctx context.Context, p *Plan) error {
	if err := template.Missing(p.rendered()...); err != nil {
		return err
	}
	p.changeable = volatile(p.units)
	p.record()
	var errs []error
	for i, u := range p.units {
		out, err := template.Output{Bytes: u.File.Data}, error(nil)
		if x := p.renderings[i]; x != nil {
			out, err = x.Execute(ctx)
		}
		if err == nil {
			r.rendered += len(out.Bytes)
		}
		if r.rendered > maxRendered {
			return errors.Join(append(errs, fmt.Errorf("%w at %s", ErrTooMuch, r.env.Disk.Host(u.File.Dest)))...)
		}
		p.outputs = append(p.outputs, out)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// record notes what the files of a job are made of: for the state, and for masking
// the output of commands.
func (p *Plan) record() {
	seen := map[template.Query]bool{}
	for _, x := range p.rendered() {
		for _, q := range x.Asked() {
			if !seen[q] {
				seen[q] = true
				p.recordQuery(x, q)
			}
		}
	}
}

func (p *Plan) recordQuery(x *template.Rendering, q template.Query) {
	p.untraced = p.untraced || q.Derived
	ref, fetched := q.SourceRef()
	a, _ := x.Answer(q)
	switch {
	case q.Kind == template.Now:
		p.changeable = true
	case !fetched && (q.Derived || q.Kind == template.Salt): // a host's salts stay the same
	case !fetched:
		p.asked = append(p.asked, state.Asked{Kind: string(q.Kind), Name: q.Name})
	case q.Kind == template.Secrets:
		if !q.Derived {
			p.globs = append(p.globs, ref)
		}
		for _, name := range slices.Sorted(maps.Keys(a.Values)) {
			p.recordValue(source.Ref{Source: ref.Source, Name: name, Context: ref.Context}, q.Derived, a.Values[name])
		}
	default:
		p.recordValue(ref, q.Derived, a.Result)
	}
}

// recordValue notes a value, or that an optional one is absent.
func (p *Plan) recordValue(ref source.Ref, derived bool, res source.Result) {
	absent := errors.Is(res.Err, source.ErrNotFound)
	if ref.Source != source.EC2 && !absent { // facts are no secrets, and stay legible in the output of hooks
		p.secrets = append(p.secrets, res.Secret)
	}
	if p.override(p.overrides, ref, derived) {
		return
	}
	switch {
	case derived:
	case absent:
		p.Trace = append(p.Trace, source.Known{Ref: ref, Trace: source.Trace{Absent: true}})
	default:
		p.Trace = append(p.Trace, source.Known{Ref: ref, Trace: res.Trace})
	}
}

// mask finds what of a job's files may be shown.
func (r *run) mask(ctx context.Context, p *Plan) error {
	for i, u := range p.units {
		out := p.outputs[i]
		var text mask.Text
		var err error
		switch {
		case len(r.writers(u.File.Src)) > 0: // the template's own text may hold secrets
			text = mask.Hidden(template.Label(template.Query{Kind: template.File, Name: u.File.Src}), out.Bytes)
		case p.renderings[i] == nil:
			text = mask.Hidden(string(template.Secret), out.Bytes)
		default:
			text, err = p.renderings[i].Mask(ctx, out)
		}
		if err != nil {
			return err
		}
		p.Texts = append(p.Texts, text)
	}
	return nil
}
