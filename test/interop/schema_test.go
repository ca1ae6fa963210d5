//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A validator of Python's reads the schemas, and accepts the examples' configs, what init
// writes and test files. It refuses a misspelt key.
func TestSchemasInCheckJSONSchema(t *testing.T) {
	ours, check := newCommand(t, binary, nil), newCommand(t, program(t, "check-jsonschema"), nil)
	dir := t.TempDir()
	schemas := map[string]string{}
	for name, args := range map[string][]string{"config": {"config", "schema"}, "tests": {"config", "schema", "--tests"}} {
		path := filepath.Join(dir, name+".json")
		if err := os.WriteFile(path, []byte(ours.want(t, 0, args...).Stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		check.want(t, 0, "--check-metaschema", path)
		schemas[name] = path
	}
	ours.want(t, 0, "init", filepath.Join(dir, "first"), "--dest", "/etc/app/app.json")
	configs := []string{filepath.Join(dir, "first", "credrender.yaml")}
	tests := []string{filepath.Join(dir, "first", "app.json.test.yaml")}
	err := filepath.WalkDir("../../examples", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		switch {
		case strings.HasSuffix(path, ".test.yaml"):
			tests = append(tests, absolute(t, path))
		case regexp.MustCompile(`(?m)^jobs:\n\s*- \{?name:.*(\n.*)*dest`).Match(text):
			configs = append(configs, absolute(t, path))
		}
		return err
	})
	if err != nil || len(configs) < 4 {
		t.Fatalf("%v; the configs are %v", err, configs)
	}
	check.want(t, 0, append([]string{"--schemafile", schemas["config"]}, configs...)...)
	check.want(t, 0, append([]string{"--schemafile", schemas["tests"]}, tests...)...)

	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("jobs:\n  - {name: a, src: b, dest: /c, moed: '0640'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := check.want(t, 1, "--schemafile", schemas["config"], bad); !strings.Contains(r.Stdout, "moed") {
		t.Errorf("the message does not name the key:\n%s", r.Stdout)
	}
}
