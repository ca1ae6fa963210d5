package render

import (
	"cmp"
	"context"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// Rendered holds the files of a job in memory, and what they were made of.
type Rendered struct {
	Outputs []template.Output
	// Seen are the lookups, for Probe.
	Seen Seen
	// Files are the templates, their partials, and the files that they read.
	Files []string
	// Opaque: neither Seen nor Files can tell that the output is still the same,
	// because it depends on the clock, on chance, or on names that are secret.
	Opaque bool
	// Overridden are the secrets that have an operator's value.
	Overridden []source.Ref
}

func (p *Plan) inMemory() Rendered {
	out := Rendered{Outputs: p.outputs, Seen: Seen{Store: p.Job.Store, Trace: p.Trace, Globs: p.globs}, Opaque: p.untraced || p.changeable, Overridden: p.Overridden()}
	for _, f := range p.Job.Files {
		if f.Src != "" {
			out.Files = append(out.Files, f.Src)
		}
	}
	out.Files = append(out.Files, p.Job.Partials...)
	for _, a := range p.asked {
		if a.Kind == string(template.File) {
			out.Files = append(out.Files, a.Name)
		}
	}
	return out
}

// Bytes renders the files of one job in memory.
func Bytes(ctx context.Context, env Env, o Options, j job.Job) (Rendered, Stats, error) {
	r := newRun(env, o, []job.Job{j})
	r.dryRun, r.bytesOnly = true, true
	r.openStates(ctx)
	r.expand()
	r.checkDestinations()
	r.expandAnew(ctx)
	p := r.plans[0]
	r.renderAll(ctx, func(*Plan) {})
	return p.inMemory(), r.stats(), cmp.Or(r.refused, p.report.Err)
}
