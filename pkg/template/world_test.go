package template_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// world answers templates from memory, and counts waves as a caller makes
// them: everything that Discover names is fetched at once.
type world struct {
	secrets map[string]string
	denied  map[string]bool
	env     map[string]string
	files   map[string]string
	known   map[template.Query]template.Answer
	waves   [][]template.Query
}

func newWorld() *world {
	w := &world{
		secrets: map[string]string{
			"a": "A", "json": `{"pw":"x","n":{"k":"next"}}`, "n": "3", "mode": "prod", "prod.key": "PK", "env": "e1",
			"db.e1": "D", "next": "NX", "htp": "pw", "csv": "a,env", "empty": "", "bin": "\xff\x00\x01",
		},
		env:   map[string]string{"HOME": "/home/op", "USER": "op"},
		files: map[string]string{"/etc/motd": "welcome"},
		known: map[template.Query]template.Answer{},
	}
	for i := range 60 {
		w.secrets[fmt.Sprintf("s%d", i)] = fmt.Sprintf(`{"pw":"v%d"}`, i)
	}
	return w
}

var errAccess = fmt.Errorf("query table: %w", source.ErrDenied)

func (w *world) answer(q template.Query) template.Answer {
	switch q.Kind {
	case template.Secret:
		if w.denied[q.Ref.Name] {
			return template.Answer{Err: &source.RefError{Ref: q.Ref, Err: errAccess}}
		}
		if v, ok := w.secrets[q.Ref.Name]; ok {
			return template.Answer{Value: source.NewSecret([]byte(v))}
		}
		return template.Answer{Err: &source.RefError{Ref: q.Ref, Err: source.ErrNotFound}}
	case template.Secrets:
		found := map[string]source.Secret{}
		for name, v := range w.secrets {
			if source.Match(q.Ref.Name, name) {
				found[name] = source.NewSecret([]byte(v))
			}
		}
		return template.Answer{Value: found}
	case template.Env:
		if v, set := w.env[q.Name]; set {
			return template.Answer{Value: v}
		}
		return template.Answer{}
	case template.File:
		if v, ok := w.files[q.Name]; ok {
			return template.Answer{Value: []byte(v)}
		}
		return template.Answer{Err: errors.New("no such file")}
	case template.Hostname:
		return template.Answer{Value: "web-1"}
	case template.Now:
		return template.Answer{Value: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	case template.Zone:
		if q.Name == "Local" {
			return template.Answer{Value: time.FixedZone("CET", 3600)}
		}
		return template.Answer{Err: errors.New("no such zone")}
	case template.Salt:
		return template.Answer{Value: []byte("0123456789abcdef")}
	}
	return template.Answer{Err: errors.New("nobody answers " + string(q.Kind))}
}

func (w *world) lookup(q template.Query) (template.Answer, bool) {
	a, ok := w.known[q.Key()]
	return a, ok
}

// gather fetches until nothing more is asked for.
func (w *world) gather(t testing.TB, tmpl *template.Template) {
	t.Helper()
	for range 20 {
		missing := tmpl.Discover(t.Context(), w.lookup)
		if len(missing) == 0 {
			return
		}
		w.waves = append(w.waves, missing)
		for _, q := range missing {
			w.known[q.Key()] = w.answer(q)
		}
	}
	t.Fatal("Discover asks for more and more")
}

// asked shows the waves: "a b | c".
func (w *world) asked() string {
	var waves []string
	for _, wave := range w.waves {
		var names []string
		for _, q := range wave {
			names = append(names, strings.TrimPrefix(q.Key().String(), "secret "))
		}
		waves = append(waves, strings.Join(names, " "))
	}
	return strings.Join(waves, " | ")
}

// render is all a caller does.
func (w *world) render(t testing.TB, text string, o template.Options) (*template.Template, template.Output, error) {
	t.Helper()
	if o.Name == "" {
		o.Name = "test.tmpl"
	}
	tmpl, err := template.Parse(text, o)
	if err != nil {
		return nil, template.Output{}, err
	}
	w.gather(t, tmpl)
	out, err := tmpl.Execute(t.Context(), w.lookup)
	return tmpl, out, err
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
