package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// onTerminal runs a command line on a terminal with answers to its questions.
func onTerminal(t *testing.T, dir, answers string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(answers), &out, &errs)
	a.dir, a.terminal = dir, func(any) bool { return true }
	code = a.main(t.Context(), args)
	return code, out.String(), errs.String()
}

// On a terminal init asks for what no flag gives; an empty answer is the default.
func TestInitAsks(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := onTerminal(t, dir, "local\n\nweb.key\nsystemctl --no-block reload app\n", "init", "--region", "eu-west-1")
	if code != exitOK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	for _, question := range []string{"Store of secrets", "File to render [/etc/app/app.conf]: ", "Name of its secret", "Command to run"} {
		if strings.Count(stderr, question) != 1 {
			t.Errorf("%q is not asked once:\n%s", question, stderr)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "credrender.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nstore: local\n", "\nregion: eu-west-1\n", "    dest: /etc/app/app.conf\n", "    hook: systemctl --no-block reload app\n"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the config lacks %q:\n%s", line, text)
		}
	}
	if code, _, stderr = onTerminal(t, dir, "", "lint", "--strict", "-c", "credrender.yaml"); code != exitOK {
		t.Errorf("lint: exit code %d\n%s", code, stderr)
	}
}

// What init writes passes lint and its own test, whatever the format and the names.
func TestInitForEachFormat(t *testing.T) {
	for _, name := range []string{"app.conf", "app.json", "app.yaml", "app.toml", "app.env", ".env", "app.sh", "app.ini", "app.properties", "app.xml", "app", "a b: {c}.yml"} {
		dir := t.TempDir()
		t.Run(name, func(t *testing.T) {
			for _, line := range [][]string{
				{"init", "first", "--dest", "/etc/x/" + name, "--secret", `it's "db".pass word`, "--name", "a: b", "--store", "local:s.db", "--local-key", "k", "--hook", "true # x"},
				{"lint", "--strict", "-c", "first/credrender.yaml"}, {"test", "first"},
			} {
				var out, errs bytes.Buffer
				a := newApp(strings.NewReader(""), &out, &errs)
				a.dir, a.terminal = dir, func(any) bool { return false }
				if code := a.main(t.Context(), line); code != exitOK || errs.Len() > 0 {
					t.Fatalf("%q: exit code %d\n%s%s", line, code, &out, &errs)
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "first", "credrender.yaml"))
			if err != nil || !strings.Contains(string(text), "\nstore: local:"+dir+"/s.db\n") || !strings.Contains(string(text), "\nlocal_key: "+dir+"/k\n") {
				t.Errorf("%v; the config does not have the store:\n%s", err, text)
			}
		})
	}
}

// An end of input is no answer.
func TestInitWithoutAnswers(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := onTerminal(t, dir, "", "init"); code != exitFailed || !strings.Contains(stderr, "no answer") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) > 0 {
		t.Errorf("%v, %v are left", made, err)
	}
}

// sarifSchema returns the schema of SARIF 2.1.0, which the library go-sarif holds. Its own
// Validate takes what the library has read and written again, with fields that were not there.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(out)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && len(lit.Value) > len(text) {
			text = lit.Value
		}
		return true
	})
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Trim(text, "`")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// A log of lint is valid by the schema of SARIF, with findings of every kind of place.
func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a b.json.tmpl": "{\"a\": {{ secret \"a\" }}}\n", "broken.tmpl": "\n{{ if }}",
		"c.yaml": "jobs:\n  - {name: a, src: a b.json.tmpl, dest: /x.json, check: cat /x}\n  - {name: b, src: broken.tmpl, dest: /y}\n  - {name: c, src: none.tmpl, dest: /z}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"lint", "-o", "sarif", "-c", "c.yaml"}, {"lint", "-o", "sarif", "-c", "none.yaml"}, {"lint", "-o", "sarif", "a b.json.tmpl"}} {
		_, stdout, stderr := onTerminal(t, dir, "", args...)
		log, err := sarif.FromBytes([]byte(stdout))
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		if len(log.Runs) != 1 || len(log.Runs[0].Results) == 0 {
			t.Errorf("%q: no results in\n%s", args, stdout)
		}
	}
}

// The page of the docs has every rule, in its own words.
func TestLintRulesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/authoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lintRules() {
		if row := "| `" + r.id + "` | " + r.does + " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("docs/authoring.md lacks the row\n%s", row)
		}
	}
}
