package template_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// counted is a source that counts its batches and refs.
type counted struct {
	*world
	batches, refs int
}

func (c *counted) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	c.batches++
	c.refs += len(refs)
	return c.world.Fetch(ctx, refs)
}

// Templates that share a fetcher are one batch, in which nothing is asked for twice;
// those of another fetcher are fetched beside it.
func TestGather(t *testing.T) {
	one, two := &counted{world: newWorld()}, &counted{world: newWorld()}
	f, g := template.NewFetcher(one), template.NewFetcher(two)
	all := []*template.Rendering{
		f.Template(parse(t, `{{secret "a"}}{{secret "n"}}{{len (secrets "prod.*")}}`, template.Options{}), template.Resolver{}),
		f.Template(parse(t, `{{secretOr "d" "a"}}`, template.Options{}), template.Resolver{}),
		f.Secret(source.Ref{Name: "a"}, "origin", template.Resolver{}),
		g.Template(parse(t, `{{secret "a"}}{{secret "ssm:x"}}`, template.Options{}), template.Resolver{}),
	}
	stats := template.Gather(t.Context(), all...)
	if diff := cmp.Diff(template.Stats{Batches: 1, Refs: 5, Sources: map[string]int{"store": 4, "ssm": 1}}, stats); diff != "" {
		t.Error(diff)
	}
	if one.batches != 1 || one.refs != 2 || two.batches != 1 {
		t.Errorf("got %d batches of %d refs, and %d of the other; want one each", one.batches, one.refs, two.batches)
	}
	var outs []string
	for _, x := range all {
		out, _ := x.Execute(t.Context())
		outs = append(outs, string(out.Bytes))
	}
	if diff := cmp.Diff([]string{"A31", "A", "A", ""}, outs); diff != "" {
		t.Error(diff)
	}
	if again := template.Gather(t.Context(), all...); again.Batches != 0 || one.batches != 1 {
		t.Errorf("fetched again: %+v", again)
	}
}

// Every secret that cannot be had is named once, with the place that asks for it, in
// one error; a name that depends on a secret is not.
func TestMissing(t *testing.T) {
	w := newWorld()
	w.denied = map[string]bool{"denied": true}
	f := template.NewFetcher(w)
	r := template.Resolver{Required: func(ref source.Ref) error {
		if ref.Name == "lost" {
			return errors.New("gone")
		}
		return nil
	}}
	x := f.Template(parse(t, "{{secret \"no1\"}}\n{{secret \"no2\" \"k=v\"}}{{secretOr \"d\" \"no3\"}}{{secret (secret \"json\" | fromJson).n.k}}{{secret \"denied\"}}{{secretOr 1 \"lost\"}}{{secret \"no1\"}}{{secrets \"none.*\"}}{{secret (secret \"a\")}}",
		template.Options{Name: "t.tmpl"}), r)
	y := f.Secret(source.Ref{Name: "no4"}, "config.yaml:7", r)
	template.Gather(t.Context(), x, y)
	err := template.Missing(x, y)
	want := []string{
		"secret no1: not found; requested at t.tmpl:1:3",
		"secret no2 (k=v): not found; requested at t.tmpl:2:3",
		"secret denied: query table: access denied; requested at t.tmpl:2:88",
		"secret lost: gone; requested at t.tmpl:2:107",
		"secret none.*: no name matches; requested at t.tmpl:2:144",
		"secret (name hidden: it depends on a secret): not found",
		"secret no4: not found; requested at config.yaml:7",
	}
	if diff := cmp.Diff(want, strings.Split(fmt.Sprint(err), "\n")); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, source.ErrNotFound) || !errors.Is(err, source.ErrDenied) {
		t.Errorf("the causes cannot be found in %v", err)
	}
}

// endless is a source in which each secret names another.
type endless struct{}

func (endless) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		results[ref] = source.Result{Secret: source.NewSecret([]byte(ref.Name + "x"))}
	}
	return results
}

func TestTooDeep(t *testing.T) {
	text := `{{$n := "a"}}{{range until 50}}{{$n = secret $n}}{{end}}{{$n}}`
	_, err := template.Render(t.Context(), parse(t, text, template.Options{}), template.Resolver{Source: endless{}})
	if !errors.Is(err, template.ErrTooDeep) {
		t.Errorf("got %v, want ErrTooDeep", err)
	}
}

// What a program does not provide is an error of the function that needs it.
func TestNothingProvided(t *testing.T) {
	for _, text := range []string{`{{env "HOME"}}`, `{{file "/etc/motd"}}`, `{{hostname}}`, `{{now}}`, `{{date "15" 0}}`, `{{htpasswd "u" "p"}}`, `{{secret "a"}}`, `{{secrets "a*"}}`, `{{ec2 "x"}}`} {
		out, err := template.Render(t.Context(), parse(t, text, template.Options{}), template.Resolver{})
		if err == nil || len(out.Bytes) > 0 {
			t.Errorf("%s: got %q, want an error", text, out.Bytes)
		}
	}
	_, err := template.Render(t.Context(), parse(t, `{{hostname}}`, template.Options{Name: "t"}), template.Resolver{Source: newWorld()})
	if err == nil || err.Error() != "template t:1:3: hostname: not available here" {
		t.Errorf("got %v", err)
	}
}

// partial is a source that breaks its contract: it answers for "a" alone.
type partial struct{ *world }

func (p partial) Fetch(ctx context.Context, refs []source.Ref) map[source.Ref]source.Result {
	got := p.world.Fetch(ctx, []source.Ref{{Name: "a"}})
	if len(refs) == 1 {
		return nil
	}
	return got
}

// A source that returns fewer results than it was asked for has not returned
// empty secrets.
func TestUnansweredRefs(t *testing.T) {
	byPrefix := source.ByPrefix(func(context.Context, string) (source.Source, error) { return partial{newWorld()}, nil })
	for _, src := range []source.Source{partial{newWorld()}, byPrefix} {
		for _, text := range []string{`{{ secret "a" }}{{ secret "b" }}`, `{{ secret "b" }}`, `{{ secretOr "d" "b" }}`} {
			tmpl, err := template.Parse(text, template.Options{Name: "t"})
			if err != nil {
				t.Fatal(err)
			}
			out, err := template.Render(t.Context(), tmpl, template.Resolver{Source: src})
			if !errors.Is(err, source.ErrNoAnswer) || !strings.Contains(err.Error(), "secret b: ") {
				t.Errorf("%s: got %q, %v; want the error of b", text, out.Bytes, err)
			}
		}
	}
}
