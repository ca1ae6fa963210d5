package golden_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A template of for_each has its entry in every case: from the config, or from the case.
func TestEntries(t *testing.T) {
	r, dir := runner(t, map[string]string{
		"a.tmpl": `{{ .Key }}={{ with .Value }}{{ if kindIs "map" . }}{{ .port }}{{ else }}{{ . }}{{ end }}{{ end }} {{ .Vars.x }}`,
		"credrender.yaml": `
vars: {x: X}
jobs:
  - name: j
    files:
      - {src: a.tmpl, dest: "/etc/{{ .Key }}", for_each: {a: {port: 1}, b: {port: 2}}}
      - {src: c.tmpl, dest: "/etc/c/{{ .Key }}", for_each: "web.*"}
      - {src: plain.tmpl, dest: /etc/plain}
      - {src: tree, dest: /etc/tree}
`,
		"c.tmpl": `{{ .Key }}={{ .Value }}`, "plain.tmpl": `x`,
	})
	if err := os.Mkdir(filepath.Join(dir, "tree"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tree/t.tmpl", `{{ .Vars.x }}`)
	for _, c := range []struct{ name, text, want string }{
		{"config", "template: a.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: b, want_text: b=2 X}\n", ""},
		{"other value", "template: a.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: z, value: {port: 9}, want_text: z=9 X}\n", ""},
		{"pattern", "template: c.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: web.a, want_text: web.a=web.a}\n", ""},
		{"no config", "template: a.tmpl\ncases:\n  - {name: n, key: k, vars: {x: y}, want_text: k=k y}\n", ""},
		{"folder", "template: tree/t.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, want_text: X}\n", ""},
		{"no key", "template: a.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, want_text: x}\n", "has no key"},
		{"not listed", "template: a.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: z, want_text: x}\n", "z is not an entry"},
		{"no match", "template: c.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: db, want_text: x}\n", "does not match"},
		{"no for_each", "template: plain.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: n, key: db, want_text: x}\n", "no for_each"},
		{"value alone", "template: a.tmpl\ncases:\n  - {name: n, value: 1, want_text: x}\n", "has no key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			write("a.test.yaml", c.text)
			suite, err := r.Run(t.Context(), "a.test.yaml")
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want an error with %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"n": ""}, problems(suite)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
