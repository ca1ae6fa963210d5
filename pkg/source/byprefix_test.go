package source_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestByPrefix(t *testing.T) {
	plain, globs := &batches{}, globber{&batches{}}
	broken := errors.New("no region")
	src := source.ByPrefix(func(_ context.Context, prefix string) (source.Source, error) {
		switch prefix {
		case "":
			return globs, nil
		case "ssm":
			return plain, nil
		}
		return nil, broken
	})
	a, b := source.Ref{Name: "a"}, source.Ref{Name: "b"}
	c, d := source.Ref{Source: "ssm", Name: "c"}, source.Ref{Source: "sm", Name: "d"}
	got := src.Fetch(t.Context(), []source.Ref{a, c, d, b})
	for _, ref := range []source.Ref{a, b, c} {
		if r := got[ref]; r.Err != nil || string(r.Secret.Reveal()) != ref.Name {
			t.Errorf("%v: got %v", ref, r)
		}
	}
	if !errors.Is(got[d].Err, broken) || len(got) != 4 {
		t.Errorf("the source that cannot open: got %v, want %v", got[d].Err, broken)
	}
	if diff := cmp.Diff([][][]string{{{"a", "b"}}, {{"c"}}}, [][][]string{globs.seen, plain.seen}); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}

	values, err := src.Glob(t.Context(), source.Ref{Name: "web.*"})
	if names := slices.Collect(maps.Keys(values)); err != nil || !cmp.Equal(names, []string{"web.*"}) {
		t.Errorf("glob: got %v, %v", names, err)
	}
	if _, err := src.Glob(t.Context(), source.Ref{Source: "ssm", Name: "*"}); !errors.Is(err, source.ErrRef) {
		t.Errorf("a source without patterns: got %v, want ErrRef", err)
	}
	if _, err := src.Glob(t.Context(), source.Ref{Source: "sm", Name: "*"}); !errors.Is(err, broken) {
		t.Errorf("a source that cannot open: got %v, want %v", err, broken)
	}
}
