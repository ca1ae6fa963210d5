package jinja_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/compat/jinja"
	"github.com/credrender/credrender/internal/compat/jinja/py"
	"github.com/credrender/credrender/pkg/source"
)

// What differs from credsmash's recorded output on purpose: docs/credsmash.md.
func repaired() map[string]string {
	return map[string]string{"sh_only_unsafe": "x='$(;|&)'"}
}

func readDict(t *testing.T, path string) *py.Dict {
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

func corpusContext(t *testing.T) jinja.Context {
	t.Helper()
	held := readDict(t, "testdata/secrets.json")
	return jinja.Context{
		Vars: readDict(t, "testdata/vars.json"), ObjName: "secrets",
		Lookup: func(key py.Value) ([]byte, bool, error) {
			v, ok := held.Get(key)
			if !ok {
				return nil, true, source.ErrNotFound
			}
			return []byte(v.(string)), true, nil
		},
	}
}

// The corpus holds what credsmash 3.0.2 made of it: testdata/record.py.
func TestCorpusAsCredsmashRendersIt(t *testing.T) {
	templates, err := filepath.Glob("testdata/corpus/*.j2")
	if err != nil || len(templates) < 60 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	for _, path := range templates {
		name := strings.TrimSuffix(filepath.Base(path), ".j2")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := render(t, name, string(text))
			want, refused := os.ReadFile(strings.TrimSuffix(path, ".j2") + ".out")
			if refused != nil {
				if err == nil {
					t.Errorf("credsmash refuses it, and we render %q", got)
				}
				return
			}
			if instead, ok := repaired()[name]; ok {
				want = []byte(instead)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal([]byte(got), want) {
				t.Errorf("-credsmash +ours:\n%s", cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
			}
		})
	}
}

func render(t *testing.T, name, text string) (string, error) {
	t.Helper()
	tmpl, err := jinja.Parse(name, text)
	if err != nil {
		return "", err
	}
	return tmpl.Render(corpusContext(t))
}
