package render

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/mask"
)

// maxWaves bounds how deep names of secrets may be hidden in secrets.
const maxWaves = 32

// ErrTooDeep: a secret's value names a secret whose value names a secret ...
var ErrTooDeep = fmt.Errorf("secrets name other secrets more than %d levels deep", maxWaves)

// gather fetches what all jobs ask for: one wave for everything that does not
// depend on a secret, one more for each level of secrets that name secrets.
// Only the waves end with fetching: a template is asked what it wants of an
// answer that came too late, too.
func (r *round) gather(ctx, fetching context.Context, jobs []*Planned) {
	for range maxWaves {
		var wants []Want
		for _, p := range jobs {
			if p.report.Err == nil {
				wants = append(wants, r.missing(ctx, p)...)
			}
		}
		if len(wants) == 0 {
			return
		}
		r.fetcher.Wave(fetching, wants)
	}
	for _, p := range jobs {
		if p.report.Err == nil && len(r.missing(ctx, p)) > 0 {
			p.report.Err = ErrTooDeep
		}
	}
}

// missing returns what a job's files ask for and no wave has answered.
func (r *round) missing(ctx context.Context, p *Planned) []Want {
	var wants []Want
	before := p.queries
	p.queries = make([][]template.Query, len(p.units))
	for i, u := range p.units {
		if u.File.Data != nil {
			continue
		}
		if u.Template == nil {
			want := Want{Store: p.Job.Store, Ref: u.Ref}
			if _, ok := r.fetcher.Got(want); !ok {
				wants = append(wants, want)
			}
			continue
		}
		if before != nil && u.Template.Settled(before[i]) {
			p.queries[i] = before[i]
		} else {
			p.queries[i] = u.Template.Asked(ctx, r.lookup(p))
		}
		for _, q := range p.queries[i] {
			want, fetched := wantOf(p.Job, q)
			if _, ok := r.fetcher.Got(want); fetched && !ok {
				wants = append(wants, want)
			}
		}
	}
	return wants
}

// execute renders a job's files in memory. Every secret that is missing or
// refused is named, not the first alone.
func (r *round) execute(ctx context.Context, p *Planned) error {
	asked := &asked{}
	for i, u := range p.units {
		if u.File.Data != nil {
			continue
		}
		queries := []template.Query{{Kind: template.Secret, Ref: u.Ref}}
		if u.Template != nil {
			queries = p.queries[i]
		}
		for _, q := range queries {
			r.collect(p, asked, q)
		}
	}
	if len(asked.failures) > 0 {
		return secretsError(p.units, asked.failures)
	}
	var errs []error
	for _, u := range p.units {
		out, err := r.executeUnit(ctx, p, u)
		p.outputs = append(p.outputs, out)
		errs = append(errs, err)
	}
	p.Trace, p.secrets, p.untraced = asked.trace, asked.secrets, asked.untraced
	p.globs, p.asked = asked.globs, asked.machine
	p.changeable = asked.clock || volatile(p.units)
	return errors.Join(errs...)
}

func (r *round) executeUnit(ctx context.Context, p *Planned, u job.Unit) (template.Output, error) {
	switch {
	case u.File.Data != nil:
		return template.Output{Bytes: u.File.Data}, nil
	case u.Template != nil:
		return u.Template.Execute(ctx, r.lookup(p))
	}
	got, _ := r.fetcher.Got(Want{Store: p.Job.Store, Ref: u.Ref})
	return template.Output{Bytes: got.Result.Secret.Reveal()}, got.Result.Err
}

// mask finds what of a job's files may be shown.
func (r *round) mask(ctx context.Context, p *Planned) error {
	for i, u := range p.units {
		if u.Template != nil && len(r.writers(u.File.Src)) > 0 { // the text may hold secrets
			p.Texts = append(p.Texts, mask.Hidden(template.Label(template.Query{Kind: template.File, Name: u.File.Src}), p.outputs[i].Bytes))
			continue
		}
		if u.Template == nil {
			label := template.Label(template.Query{Kind: template.Secret, Ref: u.Ref})
			p.Texts = append(p.Texts, mask.Hidden(label, p.outputs[i].Bytes))
			continue
		}
		text, err := u.Template.Mask(ctx, r.lookup(p), p.outputs[i])
		if err != nil {
			return err
		}
		p.Texts = append(p.Texts, text)
	}
	return nil
}

func wantOf(j *job.Job, q template.Query) (Want, bool) {
	if q.Kind == template.EC2 {
		return Want{Store: j.Store, Ref: source.Ref{Source: source.EC2, Name: q.Name}}, true
	}
	if q.Kind != template.Secret && q.Kind != template.Secrets {
		return Want{}, false
	}
	return Want{Store: j.Store, Ref: q.Ref, Glob: q.Kind == template.Secrets}, true
}

// lookup answers the templates of a job from what was fetched and from the
// world.
func (r *round) lookup(p *Planned) template.Lookup {
	return func(q template.Query) (template.Answer, bool) {
		want, fetched := wantOf(p.Job, q)
		switch {
		case q.Kind == template.File:
			return r.file(p, q)
		case !fetched:
			return r.local(p.Job, q), true
		}
		got, ok := r.fetcher.Got(want)
		if !ok {
			return template.Answer{}, false
		}
		if q.Kind == template.Secrets {
			return globAnswer(got), true
		}
		res := r.result(p, q, got)
		return template.Answer{Value: res.Secret, Err: res.Err}, true
	}
}

// result is what was fetched, unless it is a loss that no default makes good.
func (r *round) result(p *Planned, q template.Query, got Got) source.Result {
	res := got.Result
	if q.Optional && errors.Is(res.Err, source.ErrNotFound) && r.renderedBefore(p, q.Ref) {
		res.Err = ErrRemoved
	}
	return res
}

func globAnswer(got Got) template.Answer {
	values := map[string]source.Secret{}
	err := got.Result.Err
	for _, name := range slices.Sorted(maps.Keys(got.Values)) {
		err = errors.Join(err, got.Values[name].Err)
		values[name] = got.Values[name].Secret
	}
	return template.Answer{Value: values, Err: err}
}

// renderedBefore reports whether the job's files in place were made with a
// value of ref, so that its absence now is a loss and no default.
func (r *round) renderedBefore(p *Planned, ref source.Ref) bool {
	if p.state == nil || slices.Contains(r.o.AcceptRemoved, ref.Name) {
		return false
	}
	return slices.ContainsFunc(p.state.Record().Trace, func(k source.Known) bool {
		return k.Ref == ref && !k.Trace.Absent
	})
}

// file answers with a file of the machine, once the job that writes it has.
func (r *round) file(p *Planned, q template.Query) (template.Answer, bool) {
	waits, err := r.waitFor(p, q.Name)
	if waits || err != nil {
		return template.Answer{Err: err}, !waits
	}
	answer := r.local(p.Job, q)
	if data, ok := r.foreseen(q.Name); ok && missingOrFine(answer.Err) {
		answer = template.Answer{Value: data}
	}
	return answer, true
}

// local answers from the machine.
func (r *round) local(j *job.Job, q template.Query) template.Answer {
	var value any
	var err error
	switch q.Kind {
	case template.Env:
		if v, set := r.w.LookupEnv(q.Name); set {
			value = v
		}
	case template.File:
		_, _ = r.stamp(q.Name) // without one the next run renders
		value, err = r.w.ReadFile(j, q.Name)
	case template.Hostname:
		value, err = r.w.Hostname()
	case template.Now:
		value = r.now
	case template.Zone:
		value, err = zone(q.Name, r.w.Zone)
	case template.Salt:
		value, err = r.w.HostKey()
	default:
		err = fmt.Errorf("nothing here answers %s", q.Kind)
	}
	return template.Answer{Value: value, Err: err}
}

func zone(name string, local *time.Location) (*time.Location, error) {
	if name == "Local" {
		return local, nil
	}
	return time.LoadLocation(name)
}
