package render_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/pkg/source"
)

// batches answers every ref with its name and remembers each batch.
type batches struct {
	mu   sync.Mutex
	seen [][]string
}

func (b *batches) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	out := map[source.Ref]source.Result{}
	var names []string
	for _, r := range refs {
		names = append(names, r.Name)
		out[r] = source.Result{Secret: source.NewSecret([]byte(r.Name))}
	}
	slices.Sort(names)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, names)
	return out
}

// globber answers patterns too.
type globber struct{ *batches }

func (globber) Glob(_ context.Context, p source.Ref) (map[string]source.Result, error) {
	return map[string]source.Result{p.Name: {}}, nil
}

func want(name string) render.Want { return render.Want{Ref: source.Ref{Name: name}} }

func TestWaveAsksOnce(t *testing.T) {
	src := &batches{}
	opened := 0
	f := render.NewFetcher(func(context.Context, job.Store, string) (source.Source, error) {
		opened++
		return src, nil
	})
	f.Wave(t.Context(), []render.Want{want("a"), want("b"), want("a")})
	f.Wave(t.Context(), []render.Want{want("b"), want("c")})
	f.Wave(t.Context(), []render.Want{want("c")})

	if diff := cmp.Diff([][]string{{"a", "b"}, {"c"}}, src.seen); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(render.FetchStats{Waves: 2, Refs: 3, Sources: map[string]int{"store": 3}}, f.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	if got, ok := f.Got(want("c")); !ok || string(got.Result.Secret.Reveal()) != "c" {
		t.Errorf("c: got %v, %v", got, ok)
	}
	if _, ok := f.Got(want("never")); ok {
		t.Error("an answer to what was never asked")
	}
}

func TestWaveSeparatesStores(t *testing.T) {
	one, two := &batches{}, &batches{}
	broken := errors.New("no region")
	f := render.NewFetcher(func(_ context.Context, s job.Store, prefix string) (source.Source, error) {
		switch {
		case prefix == "ssm":
			return nil, broken
		case s.Table == "one":
			return one, nil
		}
		return two, nil
	})
	a := render.Want{Store: job.Store{Table: "one"}, Ref: source.Ref{Name: "x"}}
	b := render.Want{Store: job.Store{Table: "two"}, Ref: source.Ref{Name: "x"}}
	c := render.Want{Ref: source.Ref{Source: "ssm", Name: "x"}}
	f.Wave(t.Context(), []render.Want{a, b, c})
	for _, w := range []render.Want{a, b} {
		if got, ok := f.Got(w); !ok || got.Result.Err != nil {
			t.Errorf("%v: got %v, %v", w, got, ok)
		}
	}
	if got, _ := f.Got(c); !errors.Is(got.Result.Err, broken) {
		t.Errorf("the source that cannot open: got %v, want %v", got.Result.Err, broken)
	}
	if len(one.seen) != 1 || len(two.seen) != 1 || f.Stats().Waves != 1 {
		t.Errorf("got %v, %v, %+v; want one batch each in one wave", one.seen, two.seen, f.Stats())
	}
}

func TestGlob(t *testing.T) {
	plain, globs := &batches{}, globber{&batches{}}
	f := render.NewFetcher(func(_ context.Context, s job.Store, _ string) (source.Source, error) {
		if s.Table == "plain" {
			return plain, nil
		}
		return globs, nil
	})
	able := render.Want{Ref: source.Ref{Name: "web.*"}, Glob: true}
	unable := render.Want{Store: job.Store{Table: "plain"}, Ref: source.Ref{Name: "web.*"}, Glob: true}
	f.Wave(t.Context(), []render.Want{able, unable, want("web.*")})
	got, _ := f.Got(able)
	if names := slices.Collect(maps.Keys(got.Values)); !cmp.Equal(names, []string{"web.*"}) {
		t.Errorf("glob: got %v", names)
	}
	if got, _ := f.Got(unable); !errors.Is(got.Result.Err, source.ErrRef) {
		t.Errorf("a source without patterns: got %v, want ErrRef", got.Result.Err)
	}
	if got, _ := f.Got(want("web.*")); got.Result.Err != nil {
		t.Errorf("the same name as a plain ref: got %v", got.Result.Err)
	}
}
