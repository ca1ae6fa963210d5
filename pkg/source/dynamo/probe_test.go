package dynamo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

// probed is a store whose secrets have been fetched once.
type probed struct {
	srv *awsfake.Server
	tab *dynamo.Table
	st  *store.Store
	put func(context.Context, sourcetest.Value) error
}

func newProbed(t *testing.T) *probed {
	t.Helper()
	srv := awsfake.Start(t)
	tab, keys := parts(t, srv)
	return &probed{srv, tab, newStore(tab, keys), sourcetest.Sealing(tab, keys)}
}

func (p *probed) store(t *testing.T, name string, version, size int) {
	t.Helper()
	v := sourcetest.Value{Name: name, Version: fmt.Sprintf("%019d", version), Data: bytes.Repeat([]byte("x"), size)}
	if err := p.put(t.Context(), v); err != nil {
		t.Fatal(err)
	}
}

func (p *probed) remove(t *testing.T, name string, version int) {
	t.Helper()
	if err := p.tab.Delete(t.Context(), credstash.Item{Name: name, Version: fmt.Sprintf("%019d", version)}); err != nil {
		t.Fatal(err)
	}
}

// know fetches a ref and forgets the cost of it.
func (p *probed) know(t *testing.T, r source.Ref) source.Known {
	t.Helper()
	k := source.Known{Ref: r, Trace: p.st.Fetch(t.Context(), []source.Ref{r})[r].Trace}
	p.srv.Forget()
	return k
}

const large = 100 << 10

func TestProbeSees(t *testing.T) {
	tests := []struct {
		name    string
		size    int // of the value; 0: there is none
		version string
		then    func(*testing.T, *probed)
		want    bool
	}{
		{"small, nothing", 10, "", func(*testing.T, *probed) {}, false},
		{"small, newer", 10, "", func(t *testing.T, p *probed) { p.store(t, "a", 6, 10) }, true},
		{"small, skipped", 10, "", func(t *testing.T, p *probed) { p.store(t, "a", 9, 10) }, true},
		{"small, older", 10, "", func(t *testing.T, p *probed) { p.store(t, "a", 4, 10) }, false},
		{"small, gone", 10, "", func(t *testing.T, p *probed) { p.remove(t, "a", 5) }, true},
		{"small, put again", 10, "", func(t *testing.T, p *probed) { p.remove(t, "a", 5); p.store(t, "a", 5, 10) }, true},
		{"small, now large", 10, "", func(t *testing.T, p *probed) { p.store(t, "a", 6, large) }, true},
		{"large, nothing", large, "", func(*testing.T, *probed) {}, false},
		{"large, newer", large, "", func(t *testing.T, p *probed) { p.store(t, "a", 6, large) }, true},
		{"large, skipped", large, "", func(t *testing.T, p *probed) { p.store(t, "a", 9, 10) }, true},
		{"large, gone: for the full look", large, "", func(t *testing.T, p *probed) { p.remove(t, "a", 5) }, false},
		{"pinned, nothing", 10, "5", func(*testing.T, *probed) {}, false},
		{"pinned, newer", 10, "5", func(t *testing.T, p *probed) { p.store(t, "a", 6, 10) }, false},
		{"pinned, gone", 10, "5", func(t *testing.T, p *probed) { p.remove(t, "a", 5) }, true},
		{"pinned, put again", 10, "5", func(t *testing.T, p *probed) { p.remove(t, "a", 5); p.store(t, "a", 5, 10) }, true},
		{"pinned, large, gone: for the full look", large, "5", func(t *testing.T, p *probed) { p.remove(t, "a", 5) }, false},
		{"absent, still", 0, "", func(*testing.T, *probed) {}, false},
		{"absent, now there", 0, "", func(t *testing.T, p *probed) { p.store(t, "a", 1, 10) }, true},
		{"absent, large now", 0, "", func(t *testing.T, p *probed) { p.store(t, "a", 1, large) }, true},
		{"absent version, still", 0, "7", func(*testing.T, *probed) {}, false},
		{"absent version, now there", 0, "7", func(t *testing.T, p *probed) { p.store(t, "a", 7, 10) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProbed(t)
			if tt.size > 0 {
				p.store(t, "a", 5, tt.size)
			}
			k := p.know(t, source.Ref{Name: "a", Version: tt.version})
			tt.then(t, p)
			p.srv.Forget()
			got, err := p.st.Probe(t.Context(), []source.Known{k})
			if err != nil || (len(got) > 0) != tt.want {
				t.Errorf("got %v, %v, want a change: %v", got, err, tt.want)
			}
			if n := p.srv.Count(awsfake.KMS, ""); n != 0 {
				t.Errorf("asked KMS %d times", n)
			}
		})
	}
}

// A quiet tick costs half a unit a secret, whatever its size, in one request.
func TestProbeCost(t *testing.T) {
	p := newProbed(t)
	p.store(t, "small", 1, 10)
	p.store(t, "large", 1, large)
	prod, err := source.NewContext(map[string]string{"env": "prod"})
	if err != nil {
		t.Fatal(err)
	}
	var known []source.Known
	for _, r := range []source.Ref{
		{Name: "small"}, {Name: "large"}, {Name: "missing"}, {Name: "small", Version: "1"},
		{Name: "small", Context: prod}, // the same item: asked once
		{Name: "large", Version: "1"},  // a version does not change: not asked
	} {
		known = append(known, p.know(t, r))
	}
	got, err := p.st.Probe(t.Context(), known)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	units, _ := p.srv.Units()
	if n := p.srv.Count("", ""); units != 2 || n != 4 {
		t.Errorf("%g units in %d requests, want 2 in 4", units, n)
	}
	if n := p.srv.CountFunc(func(r awsfake.Request) bool { return r.Consistent }); n != 0 {
		t.Errorf("%d consistent reads", n)
	}
}

// What cannot be judged counts as changed; only an ended context is an error.
func TestProbeDoubt(t *testing.T) {
	p := newProbed(t)
	p.store(t, "a", 1, 10)
	p.store(t, "b", 1, 10)
	a, b := p.know(t, source.Ref{Name: "a"}), p.know(t, source.Ref{Name: "b"})
	gone := p.know(t, source.Ref{Name: "gone"})
	p.srv.Fail(awsfake.Rule{Name: "a", Code: "AccessDeniedException"})
	p.srv.Fail(awsfake.Rule{Name: "gone", Code: "AccessDeniedException"})
	never := source.Known{Ref: source.Ref{Name: "b", Version: "x"}}
	got, err := p.st.Probe(t.Context(), []source.Known{a, b, gone, never})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a", "gone", "b version x"}
	var names []string
	for _, r := range got {
		names = append(names, r.String())
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.st.Probe(ctx, []source.Known{b}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
