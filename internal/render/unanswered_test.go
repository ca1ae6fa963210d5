package render_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
)

// silent is a source that is throttled until its time runs out.
type silent struct{ asked *int }

func (s silent) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	out := map[source.Ref]source.Result{}
	for _, r := range refs {
		*s.asked++
		out[r] = source.Result{Err: fmt.Errorf("read item: %w", source.ErrThrottled)}
	}
	return out
}

func (silent) Probe(_ context.Context, known []source.Known) ([]source.Ref, error) {
	var f source.Findings
	for _, k := range known {
		f.Add(k.Ref, false, fmt.Errorf("read item: %w", source.ErrThrottled))
	}
	return f.Result()
}

// A look that a table has no answer to is no change: nothing is to be rendered,
// the state tells why, and the next look that is answered ends it. A render by
// hand goes on to the fetch, whose error names the secret and the cause.
func TestLookWithoutAnswer(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("value"))
	h.add("j", `{{ secret "a" }}`)
	h.render(h.jobs...)
	fetched := 0
	deaf := func(f func(render.Env)) {
		w, done := h.world()
		defer done()
		w.Open = func(context.Context, job.Store, string) (source.Source, error) { return silent{&fetched}, nil }
		f(w)
	}
	h.now = h.now.Add(time.Minute)
	deaf(func(w render.Env) {
		looks, err := render.CheckChanges(t.Context(), w, h.opts, h.jobs)
		h.must(err)
		l := looks[0]
		if l.Unchanged || l.Changed || l.Err != nil || !errors.Is(l.Unanswered, source.ErrThrottled) || fetched != 0 {
			t.Errorf("got %+v after %d fetches, want no answer, and no change", l, fetched)
		}
		jobs, err := w.State.Jobs()
		h.must(err)
		if rec := jobs[0].Record(); rec.Result.Code != 1 || !rec.LastRun.Equal(h.now) || rec.LastSuccess.Equal(h.now) {
			t.Errorf("the state does not tell of it: %+v", rec.Result)
		}
		report, err := render.Run(t.Context(), w, h.opts, h.jobs)
		h.must(err)
		if err := report.Jobs[0].Err; !errors.Is(err, source.ErrThrottled) || fetched != 1 {
			t.Errorf("a render by hand: got %v after %d fetches, want its own fetch to fail", err, fetched)
		}
	})
	if busy := h.tick(); len(busy) > 0 {
		t.Errorf("rendered %v when the table answered again, and nothing was new", busy)
	}
	w, done := h.world()
	defer done()
	jobs, err := w.State.Jobs()
	h.must(err)
	if rec := jobs[0].Record(); rec.Result.Code != 0 || rec.Result.Error != "" {
		t.Errorf("the failure stands although it is over: %+v", rec.Result)
	}
}

// canceled is a source whose caller stops waiting for it.
type canceled struct{ silent }

func (canceled) Probe(_ context.Context, known []source.Known) ([]source.Ref, error) {
	var f source.Findings
	for _, k := range known {
		f.Add(k.Ref, false, fmt.Errorf("read item: %w", context.Canceled))
	}
	return f.Result()
}

// A change check that the daemon's own end cuts off is no failure of the job: the state
// stays as it is.
func TestCanceledCheckIsNotRecorded(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("value"))
	h.add("j", `{{ secret "a" }}`)
	h.render(h.jobs...)
	rendered := h.now
	h.now = h.now.Add(time.Minute)
	w, done := h.world()
	defer done()
	w.Open = func(context.Context, job.Store, string) (source.Source, error) { return canceled{}, nil }
	looks, err := render.CheckChanges(t.Context(), w, h.opts, h.jobs)
	h.must(err)
	if !errors.Is(looks[0].Unanswered, context.Canceled) {
		t.Errorf("got %+v, want no answer", looks[0])
	}
	jobs, err := w.State.Jobs()
	h.must(err)
	if rec := jobs[0].Record(); rec.Result.Code != 0 || !rec.LastRun.Equal(rendered) {
		t.Errorf("the state has the end of the daemon as a failure: %+v", rec.Result)
	}
}
