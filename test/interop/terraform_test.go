//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// findTool returns the first of the programs that is here. Unlike the other
// peers these are not installed by make interop: no package of Debian has them.
func findTool(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("none of %q is in the path", names)
	return ""
}

// terraformRun keeps what Terraform writes out of the source, and off the network.
func terraformRun(t *testing.T, dir, path string, args ...string) result {
	t.Helper()
	c := newCommand(t, path, []string{"TF_DATA_DIR=" + t.TempDir(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + os.DevNull})
	return c.run(t, append([]string{"-chdir=" + dir}, args...)...)
}

func terraformDir(t *testing.T, path ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(append([]string{"..", "..", "terraform"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTerraformFormat(t *testing.T) {
	path := findTool(t, "tofu", "terraform")
	if r := terraformRun(t, terraformDir(t), path, "fmt", "-check", "-diff", "-recursive"); r.Code != 0 {
		t.Errorf("fmt would change:\n%s%s", r.Stdout, r.Stderr)
	}
}

func TestTerraformLint(t *testing.T) {
	path := findTool(t, "tflint")
	dirs, err := filepath.Glob(terraformDir(t, "*", "*", "main.tf"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no modules: %v", err)
	}
	for _, main := range dirs {
		if r := newCommand(t, path, nil).run(t, "--chdir="+filepath.Dir(main)); r.Code != 0 {
			t.Errorf("tflint in %s:\n%s%s", filepath.Dir(main), r.Stdout, r.Stderr)
		}
	}
}

// All of it, applied by real Terraform against a fake for the provider
// (test/interop/tfaws): roles whose ARNs are not known when it plans included. A
// second plan must find nothing to do.
func TestTerraformApply(t *testing.T) {
	path := findTool(t, "tofu", "terraform")
	env := standInProvider(t)
	source := t.TempDir()
	for _, dir := range []string{"terraform", "examples"} {
		if err := os.CopyFS(filepath.Join(source, dir), os.DirFS(filepath.Join("..", "..", dir))); err != nil {
			t.Fatal(err)
		}
	}
	zeroes := strings.Repeat("0", 64)
	for dir, vars := range map[string][]string{
		"testdata/apply": nil,
		"examples/ec2-nginx": {
			"-var=region=eu-west-1", "-var=binary_url=https://example.com/c", "-var=binary_sha256=" + zeroes, `-var=allowed_cidrs=["203.0.113.0/24"]`,
		},
	} {
		t.Run(dir, func(t *testing.T) {
			c := newCommand(t, path, append(env, "TF_DATA_DIR="+t.TempDir()), "-chdir="+filepath.Join(source, "terraform", dir))
			c.want(t, 0, "get")
			c.want(t, 0, "validate")
			c.want(t, 0, append([]string{"apply", "-input=false", "-auto-approve"}, vars...)...)
			c.want(t, 0, append([]string{"plan", "-input=false", "-detailed-exitcode"}, vars...)...)
		})
	}
}

// standInProvider builds interop/tfaws and returns the environment in which
// Terraform takes it for hashicorp/aws.
func standInProvider(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "tfaws", "-o", filepath.Join(dir, "terraform-provider-aws"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build tfaws: %v\n%s", err, out)
	}
	config := filepath.Join(dir, "config.tfrc")
	text := "provider_installation {\n  dev_overrides {\n    \"hashicorp/aws\" = \"" + dir + "\"\n  }\n}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"TF_CLI_CONFIG_FILE=" + config, "SCHEMA=" + terraformDir(t, "testdata", "schema.yaml"), "CHECKPOINT_DISABLE=1"}
}

// credrender-policy has no provider, so it can be applied here: what the tests
// in terraform/ say of it by their own evaluation, Terraform must say too.
func TestTerraformPolicy(t *testing.T) {
	path := findTool(t, "tofu", "terraform")
	cases, err := filepath.Glob(terraformDir(t, "testdata", "policy", "*"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			module := t.TempDir()
			if err := os.CopyFS(module, os.DirFS(terraformDir(t, "modules", "credrender-policy"))); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"init", "-input=false"},
				{"apply", "-input=false", "-auto-approve", "-var-file=" + filepath.Join(dir, "inputs.json")},
			} {
				if r := terraformRun(t, module, path, args...); r.Code != 0 {
					t.Fatalf("%s: %s%s", args[0], r.Stdout, r.Stderr)
				}
			}
			got := terraformRun(t, module, path, "output", "-raw", "json").Stdout
			want, err := os.ReadFile(filepath.Join(dir, "policy.json"))
			if err != nil {
				t.Fatal(err)
			}
			var gotDocument, wantDocument any
			if err := json.Unmarshal([]byte(got), &gotDocument); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(want, &wantDocument); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(gotDocument, wantDocument) {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}
