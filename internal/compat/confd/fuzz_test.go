package confd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/credrender/credrender/internal/compat/confd"
	"github.com/credrender/credrender/pkg/template"
)

// FuzzConvert converts any template: what is converted whole can be parsed.
func FuzzConvert(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/templates/*.tmpl")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("{{ $x, $y := gets `/a/*` -}} '}}' {{- \"}}\" | getv | printf \"%s\" '}' }}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, backend := range []string{"ssm", "env", "file", "secret"} {
			files, left, err := confd.Convert(folder("", text), confd.Options{Backend: backend, File: "/values.yaml"})
			if err != nil || len(left) > 0 {
				continue
			}
			if _, err := template.Parse(string(files[1].Data), template.Options{Name: "app.tmpl"}); err != nil {
				t.Errorf("%s: %q becomes %q: %v", backend, text, files[1].Data, err)
			}
		}
	})
}
