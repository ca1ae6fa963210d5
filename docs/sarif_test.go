package docs_test

import (
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

// A log of lint is valid by the schema of SARIF, as authoring.md promises, with findings of
// every kind of place. It is not in cmd/credrender, whose test binary is started thousands of
// times: package jsonschema parses all its metaschemas at each start.
func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
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
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, _ := cmd.Output() // it fails for the findings
		stdout := string(out)
		log, err := sarif.FromBytes([]byte(stdout))
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr.String())
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
