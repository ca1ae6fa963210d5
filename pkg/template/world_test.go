package template_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// world answers templates from memory, and remembers each batch.
type world struct {
	secrets map[string]string
	denied  map[string]bool
	env     map[string]string
	files   map[string]string
	batches [][]template.Query
}

func newWorld() *world {
	w := &world{
		secrets: map[string]string{
			"a": "A", "json": `{"pw":"x","n":{"k":"next"}}`, "n": "3", "mode": "prod", "prod.key": "PK", "env": "e1",
			"db.e1": "D", "next": "NX", "htp": "pw", "csv": "a,env", "empty": "", "bin": "\xff\x00\x01",
		},
		env:   map[string]string{"HOME": "/home/op", "USER": "op"},
		files: map[string]string{"/etc/motd": "welcome"},
	}
	for i := range 60 {
		w.secrets[fmt.Sprintf("s%d", i)] = fmt.Sprintf(`{"pw":"v%d"}`, i)
	}
	return w
}

var errAccess = fmt.Errorf("query table: %w", source.ErrDenied)

func (w *world) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		v, ok := w.secrets[ref.Name]
		switch {
		case w.denied[ref.Name]:
			results[ref] = source.Result{Err: &source.RefError{Ref: ref, Err: errAccess}}
		case ok:
			results[ref] = source.Result{Secret: source.NewSecret([]byte(v))}
		default:
			results[ref] = source.Result{Err: &source.RefError{Ref: ref, Err: source.ErrNotFound}}
		}
	}
	return results
}

func (w *world) Glob(_ context.Context, pattern source.Ref) (map[string]source.Result, error) {
	found := map[string]source.Result{}
	for name, v := range w.secrets {
		if source.Match(pattern.Name, name) {
			found[name] = source.Result{Secret: source.NewSecret([]byte(v))}
		}
	}
	return found, nil
}

func (w *world) resolver() template.Resolver {
	return template.Resolver{
		Source: w, AllowNoMatch: func(source.Ref) bool { return true },
		Host: template.Host{
			LookupEnv: func(name string) (string, bool) { v, set := w.env[name]; return v, set },
			ReadFile: func(path string) ([]byte, error) {
				if v, ok := w.files[path]; ok {
					return []byte(v), nil
				}
				return nil, errors.New("no such file")
			},
			Hostname: func() (string, error) { return "web-1", nil },
			Now:      func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) },
			LoadLocation: func(name string) (*time.Location, error) {
				if name == "Local" {
					return time.FixedZone("CET", 3600), nil
				}
				return nil, errors.New("no such zone")
			},
			SaltKey: func() ([]byte, error) { return []byte("0123456789abcdef"), nil },
		},
	}
}

// rendering is a template that has fetched nothing.
func (w *world) rendering(t *template.Template) *template.Rendering {
	return template.NewFetcher(w).Template(t, w.resolver())
}

// gather fetches until nothing more is asked for.
func (w *world) gather(t testing.TB, x *template.Rendering) {
	t.Helper()
	for range 20 {
		batch := x.Batch(t.Context())
		if len(batch) == 0 {
			return
		}
		w.batches = append(w.batches, batch)
	}
	t.Fatal("the template asks for more and more")
}

// asked shows the batches: "a b | c".
func (w *world) asked() string {
	var batches []string
	for _, batch := range w.batches {
		var names []string
		for _, q := range batch {
			names = append(names, strings.TrimPrefix(q.Key().String(), "secret "))
		}
		batches = append(batches, strings.Join(names, " "))
	}
	return strings.Join(batches, " | ")
}

// render is all a caller does, and remembers the batches.
func (w *world) render(t testing.TB, text string, o template.Options) (*template.Rendering, template.Output, error) {
	t.Helper()
	if o.Name == "" {
		o.Name = "test.tmpl"
	}
	tmpl, err := template.Parse(text, o)
	if err != nil {
		return nil, template.Output{}, err
	}
	x := w.rendering(tmpl)
	w.gather(t, x)
	out, err := x.Execute(t.Context())
	return x, out, err
}

func vars() map[string]any {
	return map[string]any{"tls": false, "n": 1, "h": "example.org", "users": []any{"alice", "bob"}, "null": nil}
}

func fifty(format string) string {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func names(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("s%d", i)
	}
	return strings.Join(list, " ")
}
