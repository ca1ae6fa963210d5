package render_test

import (
	"context"
	"errors"
	"testing"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
)

// prober finds what its map has of each name.
type prober struct {
	source.Source
	changed map[string]bool
	errs    map[string]error
}

func (p *prober) Probe(_ context.Context, known []source.Known) ([]source.Ref, error) {
	var f source.Findings
	for _, k := range known {
		f.Add(k.Ref, p.changed[k.Ref.Name], p.errs[k.Ref.Name])
	}
	return f.Result()
}

// Each job hears of its own lookups alone: one that is out of reach for good does
// not hide the changes of the others, nor does one that is refused.
func TestProbeTellsNoAnswerFromChange(t *testing.T) {
	src := &prober{
		changed: map[string]bool{"changed": true},
		errs:    map[string]error{"throttled": source.ErrThrottled, "gone": source.ErrUnreachable, "late": context.DeadlineExceeded, "denied": source.ErrDenied},
	}
	open := func(_ context.Context, s job.Store, _ string) (source.Source, error) {
		switch s.Table {
		case "far":
			return nil, source.ErrUnreachable
		case "no":
			return nil, source.ErrNoStore
		}
		return src, nil
	}
	job := func(table string, names ...string) render.Seen {
		s := render.Seen{Store: job.Store{Table: table}}
		for _, n := range names {
			s.Trace = append(s.Trace, source.Known{Ref: source.Ref{Name: n}})
		}
		return s
	}
	tests := []struct {
		seen    render.Seen
		changed bool
		err     error
	}{
		{job("", "same"), false, nil},
		{job("", "same", "changed"), true, nil},
		{job("", "same", "throttled"), false, source.ErrThrottled},
		{job("", "gone", "changed"), true, source.ErrUnreachable},
		{job("", "late"), false, context.DeadlineExceeded},
		{job("", "denied"), true, nil},
		{job("far", "same"), false, source.ErrUnreachable},
		{job("no", "same"), true, nil},
	}
	var seen []render.Seen
	for _, tt := range tests {
		seen = append(seen, tt.seen)
	}
	for i, got := range render.Probe(t.Context(), open, seen) {
		if got.Changed != tests[i].changed || !errors.Is(got.Err, tests[i].err) {
			t.Errorf("%v: got %+v, want changed %v and %v", tests[i].seen.Trace, got, tests[i].changed, tests[i].err)
		}
	}
}
