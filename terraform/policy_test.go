package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

const policyDir = "modules/credrender-policy"

// A case is a folder of testdata/policy: inputs.json for the module, and
// policy.json, the document that must come out.
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
