package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/test/clitest"
)

// decode reads YAML strictly: a key twice is an error.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), into); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// What GitHub reads from this repository is YAML, and has what GitHub requires. "make
// lint" checks workflows and the action by actionlint.
func TestGitHubFiles(t *testing.T) {
	for pattern, required := range map[string][]string{
		"../.github/workflows/*.yml":          {"name", "on", "jobs", "permissions"},
		"../.github/ISSUE_TEMPLATE/[bf]*.yml": {"name", "description", "body"}, // bug, feature
		"../.github/dependabot.yml":           {"version", "updates"},
		"../action.yml":                       {"name", "description", "runs"},
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Errorf("no files match %s: %v", pattern, err)
		}
		for _, file := range files {
			var content map[string]any
			decode(t, file, &content)
			for _, key := range required {
				if content[key] == nil {
					t.Errorf("%s has no %s", file, key)
				}
			}
		}
	}
	var config map[string]any
	decode(t, "../.github/ISSUE_TEMPLATE/config.yml", &config)
}

// Every module of this repository gets updates.
func TestDependabotSeesEveryModule(t *testing.T) {
	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	decode(t, "../.github/dependabot.yml", &config)
	out, code := clitest.Run(t.Context(), t, nil, "", "git", "-C", mustAbs(t, ".."), "ls-files", "go.mod", "**/go.mod")
	if code != 0 {
		t.Fatal(out)
	}
	for path := range strings.FieldsSeq(out) {
		if dir := filepath.Join("/", filepath.Dir(path)); !strings.Contains(strings.Join(config.Updates[0].Directories, " ")+" ", dir+" ") {
			t.Errorf("dependabot.yml lacks %s", dir)
		}
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// The steps of the action, after its download, pass on a recipe and fail on a broken one.
func TestAction(t *testing.T) {
	var action struct {
		Runs struct {
			Steps []struct{ Name, Run string }
		}
	}
	decode(t, "../action.yml", &action)
	for _, broken := range []bool{false, true} {
		dir := copyOf(t, "cookbook/redis")
		if broken {
			if err := os.WriteFile(filepath.Join(dir, "redis.conf.tmpl"), []byte(`{{ secret "a" `), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range action.Runs.Steps[1:] {
			out, code := clitest.Run(t.Context(), t, []string{"CONFIG=" + filepath.Join(dir, "credrender.yaml"), "TESTS=" + dir, "PATH=" + filepath.Dir(binary) + ":" + clitest.SystemPath}, "", "bash", "-euo", "pipefail", "-c", step.Run)
			if (code != 0) != broken {
				t.Errorf("broken %v: step %s: exit code %d:\n%s", broken, step.Name, code, out)
			}
		}
	}
}

// The hooks for pre-commit pass on a recipe, given its config, and fail on a broken one.
func TestPreCommitHooks(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language, Files string
		Pass                       bool `yaml:"pass_filenames"`
	}
	decode(t, "../.pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 2 {
		t.Fatalf("%d hooks", len(hooks))
	}
	for _, broken := range []bool{false, true} {
		dir := copyOf(t, "cookbook/redis")
		if broken {
			if err := os.WriteFile(filepath.Join(dir, "redis.conf.tmpl"), []byte(`{{ secret "a" `), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, hook := range hooks {
			args := map[string]string{"credrender-lint": " -c credrender.yaml", "credrender-test": " ."}[hook.ID]
			out, code := clitest.Run(t.Context(), t, []string{"PATH=" + filepath.Dir(binary) + ":" + clitest.SystemPath}, "", "sh", "-c", "cd "+dir+" && "+hook.Entry+args)
			if (code != 0) != broken {
				t.Errorf("broken %v: %s: exit code %d:\n%s", broken, hook.ID, code, out)
			}
		}
	}
}
