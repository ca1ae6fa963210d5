package convert_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/convert"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/document"
)

func dict(t *testing.T, path string) *py.Dict {
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

// TestConvertedIsEqualOrRefused: each fragment renders what Jinja2 renders, or is
// refused by convert, or fails when it renders. It never renders something else.
func TestConvertedIsEqualOrRefused(t *testing.T) {
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
	vars := all.(map[string]any)
	pyVars, err := py.ParseJSON(doc)
	if err != nil {
		t.Fatal(err)
	}
	read(t, testdata+"secrets.json", &secrets)
	held := dict(t, testdata+"secrets.json")
	resolver := template.Resolver{Source: stored(secrets)}
	ctx := jinja.Context{Vars: pyVars.(*py.Dict), ObjName: "secrets", Lookup: func(key py.Value) ([]byte, bool, error) {
		v, ok := held.Get(key)
		if !ok {
			return nil, true, source.ErrNotFound
		}
		return []byte(v.(string)), true, nil
	}}
	// Other bytes for the same value, and capitals of ß: docs/credsmash.md.
	otherwise := regexp.MustCompile(`json|\|env|password.*\|sh|(ß|unicode|umlaut).*upper`)
	equal := 0
	for _, text := range fragments() {
		out, left, err := convert.Convert(text, convert.Options{ObjName: "secrets", KeyFmt: "{0}"})
		if err != nil || len(left) > 0 || otherwise.MatchString(text) {
			continue
		}
		parsed, err := template.Parse(out, template.Options{Name: "t", Vars: vars})
		if err != nil {
			t.Errorf("%s: %v\n%s", text, err, out)
			continue
		}
		got, err := template.Render(t.Context(), parsed, resolver)
		if err != nil {
			continue
		}
		j, err := jinja.Parse("t", text)
		if err != nil {
			t.Errorf("%s: convert takes it, and Jinja2 does not: %v", text, err)
			continue
		}
		want, err := j.Render(ctx)
		if err != nil {
			continue // nobody has such a template
		}
		if want != string(got.Bytes) {
			t.Errorf("%s\n  becomes %s\n  renders %q, and Jinja2 %q", text, out, got.Bytes, want)
			continue
		}
		equal++
	}
	t.Logf("%d of %d fragments are carried over and equal", equal, len(fragments()))
	if equal < 100 {
		t.Errorf("only %d fragments are carried over and equal", equal)
	}
}
