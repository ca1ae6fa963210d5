package golden_test

import (
	"encoding/xml"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/golden"
)

// runner reads from a directory made of files, and returns it.
func runner(t *testing.T, files map[string]string) (*golden.Runner, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &golden.Runner{
		Abs: func(path string) string { return filepath.Join(dir, path) },
		Read: func(path string) ([]byte, error) {
			return fs.ReadFile(os.DirFS(dir), strings.TrimPrefix(path, dir+"/"))
		},
		Config: func(path string) (*config.Config, error) {
			return config.Load(t.Context(), config.Options{Flags: map[string]string{"config": filepath.Join(dir, path)}, Environ: []string{"HOME=/"}, EUID: 1})
		},
	}, dir
}

// problems returns the name of each case with what is wrong with it.
func problems(s golden.Suite) map[string]string {
	found := map[string]string{}
	for _, r := range s.Results {
		found[r.Name] = r.Problem
	}
	return found
}

func TestRun(t *testing.T) {
	r, _ := runner(t, map[string]string{
		"a.tmpl": `{{ .Vars.x }} {{ secret "pw" "env=prod" }} {{ env "A" | default "-" }}{{ if .Vars.more }}{{ hostname }} {{ now | date "2006-01-02 15" }} {{ file "/f" }}{{ end }}`,
		"want":   "1 hunter2 -",
		"a.test.yaml": `
template: a.tmpl
cases:
  - {name: file, fixtures: {secret: {pw: hunter2}}, vars: {x: 1, more: false}, want: want}
  - {name: no file, fixtures: {secret: {pw: hunter2}}, vars: {x: 1, more: false}, want: none}
  - {name: text, fixtures: {secret: {"pw?env=prod": hunter2}, env: {A: b}}, vars: {x: "y", more: false}, want_text: y hunter2 b}
  - {name: all, fixtures: {secret: {pw: p}, hostname: h, file: {/f: text}}, now: 2026-01-02T23:04:05+02:00, vars: {x: 1, more: true}, want_text: 1 p -h 2026-01-02 21 text}
  - {name: differs, fixtures: {secret: {pw: hunter2}}, vars: {x: 1, more: false}, want_text: 1 hunter3 -}
  - {name: error, fixtures: {}, vars: {x: 1, more: false}, want_error: secret pw}
  - {name: other error, fixtures: {}, vars: {x: 1, more: false}, want_error: secret wp}
  - {name: no error, fixtures: {secret: {pw: p}}, vars: {x: 1, more: false}, want_error: secret pw}
  - {name: no clock, fixtures: {secret: {pw: p}, hostname: h, file: {/f: text}}, vars: {x: 1, more: true}, want_text: ""}
  - {name: no host, fixtures: {secret: {pw: p}, file: {/f: text}}, now: 2026-01-02T23:04:05Z, vars: {x: 1, more: true}, want_text: ""}
  - {name: no such file, fixtures: {secret: {pw: p}, hostname: h}, now: 2026-01-02T23:04:05Z, vars: {x: 1, more: true}, want_text: ""}
`,
	})
	t.Setenv("A", "of the machine")
	s, err := r.Run(t.Context(), "a.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := problems(s)
	for name, part := range map[string]string{
		"file": "", "text": "", "all": "", "error": "",
		"no file":      "none cannot be read (--update writes it)",
		"differs":      "the output differs from want_text of differs",
		"other error":  `want an error with "secret wp": secret pw`,
		"no error":     "renders without an error",
		"no clock":     "add now to the case",
		"no host":      "not in the fixtures",
		"no such file": "not in the fixtures",
	} {
		if problem, ok := got[name]; !ok || part == "" && problem != "" || !strings.Contains(problem, part) {
			t.Errorf("%s: got %q, want %q", name, problem, part)
		}
	}
	if s.Failed() != 7 || len(s.Results) != 11 {
		t.Errorf("%d of %d failed", s.Failed(), len(s.Results))
	}
}

// An empty file is an expectation too, and a new one is written if the output is empty.
func TestEmptyExpectation(t *testing.T) {
	const text = "template: a.tmpl\ncases:\n  - {name: a, want: empty}\n"
	r, _ := runner(t, map[string]string{"a.tmpl": "{{ if false }}x{{ end }}", "empty": "", "a.test.yaml": text})
	if s, err := r.Run(t.Context(), "a.test.yaml"); err != nil || s.Failed() > 0 {
		t.Errorf("%v, %v", s.Results, err)
	}
	r, _ = runner(t, map[string]string{"a.tmpl": "{{ if false }}x{{ end }}", "a.test.yaml": text})
	wrote := false
	r.Write = func(_, name string, data []byte) error { wrote = name == "empty" && len(data) == 0; return nil }
	if s, err := r.Run(t.Context(), "a.test.yaml"); err != nil || s.Failed() > 0 || !wrote {
		t.Errorf("%v, %v; written: %v", s.Results, err, wrote)
	}
}

// A config gives the settings of the file that has the template.
func TestRunWithConfig(t *testing.T) {
	r, _ := runner(t, map[string]string{
		"credrender.yaml": `
contexts: {web: {env: prod}}
vars: {who: file}
partials: [part.tmpl]
jobs:
  - {name: a, src: a.tmpl, dest: /a, vars: {who: job}, delims: ["[[", "]]"], format: json}
  - {name: b, src: b.tmpl, dest: /b1}
  - {name: c, src: b.tmpl, dest: /b2, vars: {who: second}}
`,
		"part.tmpl":   `{{ define "part" }}part{{ end }}`,
		"a.tmpl":      `{"who": "[[ .Vars.who ]]", "pw": [[ secret "pw" "web" | jsonquote ]]}`,
		"b.tmpl":      `{{ .Vars.who }} {{ template "part" }}`,
		"a.test.yaml": "template: a.tmpl\nconfig: credrender.yaml\ncases:\n" + `  - {name: a, fixtures: {secret: {"pw?env=prod": x}}, want_text: '{"who": "job", "pw": "x"}'}` + "\n  - {name: format, fixtures: {secret: {pw: x}}, vars: {who: '\"'}, want_error: not valid JSON}\n",
		"b.test.yaml": "template: b.tmpl\nconfig: credrender.yaml\ndest: /b2\ncases:\n  - {name: b, want_text: second part}\n",
		"c.test.yaml": "template: b.tmpl\nconfig: credrender.yaml\ncases:\n  - {name: b, want_text: second part}\n",
		"d.test.yaml": "template: b.tmpl\nconfig: credrender.yaml\ndest: /b3\ncases:\n  - {name: b, want_text: second part}\n",
	})
	for _, path := range []string{"a.test.yaml", "b.test.yaml"} {
		s, err := r.Run(t.Context(), path)
		if err != nil || s.Failed() > 0 {
			t.Errorf("%s: %v, %v", path, err, s.Results)
		}
	}
	for path, text := range map[string]string{"c.test.yaml": "/b1, /b2 with this template", "d.test.yaml": "/b3 with this template is not in"} {
		if _, err := r.Run(t.Context(), path); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", path, err, text)
		}
	}
}

// Expectations are replaced in place: comments and other cases stay as they are.
func TestUpdate(t *testing.T) {
	const before = `# head
template: a.tmpl
cases:
  - name: block  # why
    vars: {x: "1\n2\n"}
    want_text: |
      old

      text

  # between
  - name: plain
    want_text: old
      and long
    vars: {x: "  indented"}
  - name: odd
    vars: {x: "a\rb\0"}
    want_text: ""
  - name: file
    vars: {x: f}
    want: sub/out
  - name: right
    vars: {x: same}
    want_text: 'same'
  - name: end
    want_text: x
    vars: {x: "a\n\n"}
`
	const after = `# head
template: a.tmpl
cases:
  - name: block  # why
    vars: {x: "1\n2\n"}
    want_text: |
      1
      2

  # between
  - name: plain
    want_text: "  indented"
    vars: {x: "  indented"}
  - name: odd
    vars: {x: "a\rb\0"}
    want_text: "a\rb\0"
  - name: file
    vars: {x: f}
    want: sub/out
  - name: right
    vars: {x: same}
    want_text: 'same'
  - name: end
    want_text: |+
      a

    vars: {x: "a\n\n"}
`
	r, _ := runner(t, map[string]string{"a.tmpl": "{{ .Vars.x }}", "a.test.yaml": before})
	written := map[string]string{}
	r.Write = func(dir, name string, data []byte) error {
		written[filepath.Join(dir, name)] = string(data)
		return nil
	}
	s, err := r.Run(t.Context(), "a.test.yaml")
	if err != nil || s.Failed() > 0 {
		t.Fatal(err, s.Results)
	}
	if diff := cmp.Diff(map[string]string{"sub/out": "f", "a.test.yaml": after}, written); diff != "" {
		t.Error(diff)
	}
}

// What cannot be replaced by lines is refused, and nothing is written.
func TestUpdateRefuses(t *testing.T) {
	for _, text := range []string{
		`cases: [{name: a, vars: {x: new}, want_text: old}]`,
		"cases:\n  - {name: a, vars: {x: new}, want_text: old}\n",
		"cases:\n  - name: a\n    vars: {x: new}\n    want_text: &old old\n",
	} {
		r, _ := runner(t, map[string]string{"a.tmpl": "{{ .Vars.x }}", "a.test.yaml": "template: a.tmpl\n" + text})
		r.Write = func(_, name string, _ []byte) error { t.Errorf("%s is written", name); return nil }
		if _, err := r.Run(t.Context(), "a.test.yaml"); err == nil || !strings.Contains(err.Error(), "cannot be replaced") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestJUnit(t *testing.T) {
	report, err := golden.JUnit([]golden.Suite{{Path: "a.test.yaml", Results: []golden.Result{
		{Name: "good", Line: 3}, {Name: `<&"`, Line: 4, Problem: "differs", Diff: "+a]]>\n"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Failure *struct {
				Text string `xml:",chardata"`
			} `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(report, &back); err != nil {
		t.Fatal(err)
	}
	if back.Tests != 2 || back.Failures != 1 || len(back.Cases) != 2 || back.Cases[0].Failure != nil || back.Cases[1].Name != `<&"` || back.Cases[1].Failure.Text != "+a]]>\n" {
		t.Errorf("got %+v of\n%s", back, report)
	}
}
