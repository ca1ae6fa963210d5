package convert_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/convert"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/document"
)

func dict(t testing.TB, path string) *py.Dict {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := py.ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*py.Dict)
}

// twins renders what Jinja2 has, and what it becomes.
type twins struct {
	vars     map[string]any
	resolver template.Resolver
	python   jinja.Context
}

func newTwins(t testing.TB) *twins {
	t.Helper()
	var secrets map[string]string
	doc, err := os.ReadFile(testdata + "vars.json")
	if err != nil {
		t.Fatal(err)
	}
	doc = append([]byte(`{"mixed": {"b": 1, "A": 2, "C": 3}, "umlaut": "grüße", "neg": -7, "bools": [true, 1.0, 2],
		"nested": [[1, 2], ["x"]], "odd-key": 3, "tiny": 0.00001, "keyed": {"keys": "k", "items": 1, "a-b": 2},`), doc[1:]...)
	all, err := document.JSON(string(doc)) // as --vars reads them
	if err != nil {
		t.Fatal(err)
	}
	pyVars, err := py.ParseJSON(doc)
	if err != nil {
		t.Fatal(err)
	}
	read(t, testdata+"secrets.json", &secrets)
	held := dict(t, testdata+"secrets.json")
	return &twins{
		vars: all.(map[string]any), resolver: template.Resolver{Source: stored(secrets)},
		python: jinja.Context{Vars: pyVars.(*py.Dict), ObjName: "secrets", Lookup: func(key py.Value) ([]byte, bool, error) {
			v, ok := held.Get(key)
			if !ok {
				return nil, true, source.ErrNotFound
			}
			return []byte(v.(string)), true, nil
		}},
	}
}

// Other bytes for the same value, and capitals of ß: docs/credsmash.md.
var otherwise = regexp.MustCompile(`json|\|env|password.*\|sh|(ß|unicode|umlaut).*upper`)

// compare reports whether a template is carried over, renders, and is equal.
func (w *twins) compare(t *testing.T, text string) bool {
	out, left, err := convert.Convert(text, convert.Options{ObjName: "secrets", KeyFmt: "{0}"})
	if err != nil || len(left) > 0 || otherwise.MatchString(text) {
		return false
	}
	parsed, err := template.Parse(out, template.Options{Name: "t", Vars: w.vars})
	if err != nil {
		t.Errorf("%s: %v\n%s", text, err, out)
		return false
	}
	got, err := template.Render(t.Context(), parsed, w.resolver)
	if err != nil {
		return false
	}
	j, err := jinja.Parse("t", text)
	if err != nil {
		t.Errorf("%s: convert takes it, and Jinja2 does not: %v", text, err)
		return false
	}
	want, err := j.Render(w.python)
	if err != nil {
		return false // nobody has such a template
	}
	if want != string(got.Bytes) {
		t.Errorf("%s\n  becomes %s\n  renders %q, and Jinja2 %q", text, out, got.Bytes, want)
		return false
	}
	return true
}

// TestConvertedIsEqualOrRefused: each fragment renders what Jinja2 renders, or is
// refused by convert, or fails when it renders. It never renders something else.
func TestConvertedIsEqualOrRefused(t *testing.T) {
	w, equal := newTwins(t), 0
	for _, text := range fragments() {
		if w.compare(t, text) {
			equal++
		}
	}
	t.Logf("%d of %d fragments are carried over and equal", equal, len(fragments()))
	if equal < 100 {
		t.Errorf("only %d fragments are carried over and equal", equal)
	}
}

// FuzzConvert: the same of every template.
func FuzzConvert(f *testing.F) {
	for i, text := range fragments() {
		if i%20 == 0 {
			f.Add(text)
		}
	}
	w := newTwins(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || strings.Contains(text, "**") || strings.Count(text, "for") > 2 || strings.Count(text, "*") > 2 {
			t.Skip("it may take long")
		}
		w.compare(t, text)
	})
}
