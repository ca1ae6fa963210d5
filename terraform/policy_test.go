package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/credrender/credrender/test/clitest"
)

const policyDir = "modules/credrender-policy"

// A case is a folder of testdata/policy: inputs.json for the module,
// policy.json, the document that must come out, and app.tmpl, a template from which
// credrender policy must make the same.
func cases(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/policy/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return dirs
}

func TestPolicyModule(t *testing.T) {
	for _, dir := range cases(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			inputs := decode(t, filepath.Join(dir, "inputs.json"))
			got := evaluate(t, policyDir, inputs, nil).output("json").AsString()
			if diff := cmp.Diff(document(t, readText(t, filepath.Join(dir, "policy.json"))), document(t, got)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

// What the module makes of names and contexts is what the command makes of the
// templates that ask for them.
func TestPolicyModuleEqualsTheCommand(t *testing.T) {
	config := "../examples/nginx/credrender.yaml"
	for name, args := range map[string][]string{
		"nginx":       {"--config", config, "policy"},
		"mixed":       {"policy", "testdata/policy/mixed/app.tmpl"},
		"writer":      {"policy", "--role", "writer", "testdata/policy/writer/app.tmpl"},
		"any-context": {"policy", "testdata/policy/any-context/app.tmpl"},
	} {
		t.Run(name, func(t *testing.T) {
			inputs := decode(t, filepath.Join("testdata/policy", name, "inputs.json"))
			module := evaluate(t, policyDir, inputs, nil).output("json").AsString()
			command := printed(t, inputs["kms_key_arn"].AsString(), args)
			if diff := cmp.Diff(document(t, command), document(t, module)); diff != "" {
				t.Errorf("document (-command +module):\n%s", diff)
			}
		})
	}
}

// printed runs credrender with --format terraform and evaluates the policy of
// the resource that it prints.
func printed(t *testing.T, key string, args []string) string {
	t.Helper()
	for i, a := range args {
		if filepath.Ext(a) != "" {
			absolute, err := filepath.Abs(a)
			if err != nil {
				t.Fatal(err)
			}
			args[i] = absolute
		}
	}
	args = append([]string{binary, "--region", "eu-west-1", "--key", key}, args...)
	out, code := clitest.Run(t.Context(), t, nil, "", append(args, "--account", "123456789012", "--format", "terraform", "--log-level", "error")...)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	for address := range load(t, dir).blocks {
		return evaluate(t, dir, nil, nil).resolve(address).GetAttr("policy").AsString()
	}
	t.Fatalf("no resource in %s", out)
	return ""
}

func TestPolicyModuleRefuses(t *testing.T) {
	for name, inputs := range map[string]string{
		"unknown access":     `{"table_arn": "arn", "access": "admin"}`,
		"keys but for case":  `{"table_arn": "arn", "contexts": [{"env": "a", "Env": "a"}]}`,
		"no table":           `{"names": ["a"]}`,
		"a name not a list":  `{"table_arn": "arn", "names": "a"}`,
		"context not a list": `{"table_arn": "arn", "contexts": {"env": "prod"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := &evaluation{t, load(t, policyDir), map[string]cty.Value{}, nil, nil, map[string]cty.Value{}}
			if err := e.set(values(t, inputs)); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func decode(t *testing.T, path string) map[string]cty.Value {
	t.Helper()
	return values(t, readText(t, path))
}

func values(t *testing.T, text string) map[string]cty.Value {
	t.Helper()
	kind, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ctyjson.Unmarshal([]byte(text), kind)
	if err != nil {
		t.Fatal(err)
	}
	return v.AsValueMap()
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func document(t *testing.T, text string) (d any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}
