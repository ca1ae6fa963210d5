//go:build interop

package interop

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exportedSecrets is how many random secrets each format carries.
const exportedSecrets = 1000

// readers print the values v0, v1, ... of a file as base64, one a line. They are the
// programs that such files are for.
func readers(t *testing.T, file string) map[string]func() result {
	t.Helper()
	python := func(script string) func() result {
		return func() result {
			return newCommand(t, program(t, "python3"), nil).want(t, 0, "-c",
				"import base64, csv, json, sys, yaml\nfile = open(sys.argv[1], newline='', encoding='utf-8')\n"+script+
					"\nfor i in range(len(values)): print(base64.b64encode(values[f'v{i}'].encode()).decode())", file)
		}
	}
	table := func(separator string) func() result {
		return python("rows = list(csv.reader(file, delimiter=" + separator + "))\nassert rows[0] == ['name', 'value']\nvalues = dict(rows[1:])")
	}
	return map[string]func() result{
		"json": python("values = json.load(file)"),
		"yaml": python("values = yaml.safe_load(file)"),
		"csv":  table("','"),
		"tsv":  table("'\\t'"),
		"shell": func() result {
			return newCommand(t, program(t, "env"), nil, "-i").want(t, 0, "sh", "-c",
				`. "$1"; i=0; while [ $i -lt `+fmt.Sprint(exportedSecrets)+` ]; do eval 'printf %s "$v'$i'"' | base64 -w 0; echo; i=$((i+1)); done`, "sh", file)
		},
	}
}

// Each format carries 1,000 random secrets from one store to another, and programs that
// such files are for read them.
func TestExportsRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 5))
	values, expected := map[string]string{}, strings.Builder{}
	for i := range exportedSecrets {
		value := strings.ReplaceAll(randomValue(random), "\x00", "")
		values[fmt.Sprintf("v%d", i)] = value
		expected.WriteString(base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	first := localStore(t, "first")
	first.want(t, 0, "import", writeFile(t, dir, "values.json", string(text)))
	for _, format := range []string{"json", "yaml", "dotenv", "shell", "properties", "csv", "tsv", "tfvars"} {
		t.Run(format, func(t *testing.T) {
			file := filepath.Join(dir, "exported."+format)
			first.want(t, 0, "export", "-o", format, "--file", file)
			second := localStore(t, format)
			second.want(t, 0, "import", file, "--from-format", format)
			if diff := cmp.Diff(values, decodeJSON(t, second.want(t, 0, "getall", "-o", "json").Stdout)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if read := readers(t, file)[format]; read != nil {
				if diff := cmp.Diff(expected.String(), read().Stdout); diff != "" {
					t.Errorf("the real reader (-want +got):\n%s", diff)
				}
			}
			if format == "properties" {
				java := newCommand(t, program(t, "java"), nil, absolute(t, "testdata/ReadProperties.java"))
				t.Log(java.want(t, 0, file, writeFile(t, dir, "expected", expected.String())).Stdout)
			}
		})
	}
}

func localStore(t *testing.T, name string) command {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".db")
	c := newCommand(t, binary, nil, "--state-dir", t.TempDir(), "--store", "local:"+path, "--local-key", path+".key")
	c.want(t, 0, "setup")
	return c
}

// Terraform reads the values that export wrote.
func TestTfvarsReadByTerraform(t *testing.T) {
	terraform := findTool(t, "tofu", "terraform")
	random := rand.New(rand.NewPCG(20, 6))
	values, dir := map[string]string{}, t.TempDir()
	var module strings.Builder
	for i := range exportedSecrets {
		name := fmt.Sprintf("v%d", i)
		values[name] = strings.ReplaceAll(randomValue(random), "\x00", "")
		fmt.Fprintf(&module, "variable %q {}\noutput %q { value = var.%s }\n", name, name, name)
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	store := localStore(t, "store")
	store.want(t, 0, "import", writeFile(t, t.TempDir(), "values.json", string(text)))
	store.want(t, 0, "export", "--file", filepath.Join(dir, "terraform.tfvars"))
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(module.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCommand(t, terraform, []string{"CHECKPOINT_DISABLE=1", "TF_DATA_DIR=" + t.TempDir()}, "-chdir="+dir)
	c.want(t, 0, "init", "-input=false")
	c.want(t, 0, "apply", "-auto-approve", "-input=false", "-no-color")
	var outputs map[string]struct{ Value string }
	if err := json.Unmarshal([]byte(c.want(t, 0, "output", "-json").Stdout), &outputs); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, output := range outputs {
		got[name] = output.Value
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
