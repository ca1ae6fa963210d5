package examples

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/test/clitest"
)

// instruction is one line of a Dockerfile, continuations joined.
type instruction struct {
	name, rest string
}

// instructions reads the part of the format that the example uses, and fails on all else:
// https://docs.docker.com/reference/dockerfile/
func instructions(t *testing.T, path string) (list []instruction) {
	t.Helper()
	known := []string{"FROM", "WORKDIR", "ARG", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
	text := strings.ReplaceAll(read(t, path), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, name) || rest == "" || (len(list) == 0 && name != "FROM") {
			t.Errorf("%s: %q", path, line)
		}
		list = append(list, instruction{name, rest})
	}
	return list
}

func TestDockerfile(t *testing.T) {
	argv := map[string][]string{}
	for _, i := range instructions(t, "ecs/Dockerfile") {
		switch i.name {
		case "ENTRYPOINT", "CMD": // the list form: no shell in the image, signals reach the program
			var words []string
			if err := json.Unmarshal([]byte(i.rest), &words); err != nil {
				t.Fatalf("%s %s: %v", i.name, i.rest, err)
			}
			argv[i.name] = words
		case "COPY":
			source := strings.Fields(i.rest)[0]
			if strings.HasPrefix(source, "--from=") {
				continue
			}
			if _, err := os.Stat(filepath.Join("ecs", source)); err != nil {
				t.Errorf("COPY: %v", err)
			}
		}
	}
	env := runEntrypoint(t, argv["ENTRYPOINT"], []string{"/usr/bin/env"})
	for _, want := range []string{"DB_PASSWORD=pa ss'wo\"rd$HOME\nof two lines\n", "SESSION_KEY=0123456789abcdef\n"} {
		if !strings.Contains(env, want) {
			t.Errorf("no %q in the environment:\n%s", want, env)
		}
	}
	if out := runEntrypoint(t, argv["ENTRYPOINT"], append([]string{binary}, argv["CMD"][1:]...)); !strings.Contains(out, "credrender") {
		t.Errorf("the image's own command prints %q", out)
	}
}

// runEntrypoint runs it as it is, with the files of this folder and fixtures
// in place of AWS.
func runEntrypoint(t *testing.T, argv, cmd []string) string {
	t.Helper()
	if len(argv) < 3 || argv[0] != "/usr/local/bin/credrender" || argv[1] != "exec" || argv[len(argv)-1] != "--" {
		t.Fatalf("the entry point is %q", argv)
	}
	template, err := filepath.Abs("ecs/app.env.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := filepath.Abs("ecs/fixtures.yaml")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"exec", "--fixtures", fixtures}
	for _, a := range argv[2:] {
		if a == "/etc/credrender/app.env.tmpl" {
			a = template
		}
		args = append(args, a)
	}
	return credrender(t, append(args, cmd...)...)
}

func TestTaskDefinition(t *testing.T) {
	var task struct {
		TaskRoleArn          string
		ContainerDefinitions []struct {
			Image       string
			Command     []string
			Environment []struct{ Name, Value string }
		}
	}
	d := json.NewDecoder(strings.NewReader(read(t, "ecs/task-definition.json")))
	if err := d.Decode(&task); err != nil {
		t.Fatal(err)
	}
	if task.TaskRoleArn == "" || len(task.ContainerDefinitions) != 1 {
		t.Fatalf("%+v", task)
	}
	names := []string{}
	for _, e := range task.ContainerDefinitions[0].Environment {
		names = append(names, e.Name)
	}
	if want := []string{"AWS_REGION", "CREDSTASH_DEFAULT_TABLE"}; !slices.Equal(names, want) {
		t.Errorf("environment %q, want %q: secrets come from the entry point", names, want)
	}
}

type manifest struct {
	Kind string
	Data map[string]string
	Spec struct {
		Template struct {
			Spec struct {
				InitContainers []container `yaml:"initContainers"`
				Containers     []container
				Volumes        []struct {
					Name      string
					ConfigMap struct{ Name string }   `yaml:"configMap"`
					EmptyDir  struct{ Medium string } `yaml:"emptyDir"`
				}
			}
		}
	}
}

type container struct {
	Name         string
	Args         []string
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

func manifests(t *testing.T, path string) map[string]manifest {
	t.Helper()
	found := map[string]manifest{}
	for d := yaml.NewDecoder(strings.NewReader(read(t, path))); ; {
		var m manifest
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF):
			return found
		case err != nil:
			t.Fatalf("%s: %v", path, err)
		}
		found[m.Kind] = m
	}
}

// The init container's own arguments render the config map's own files.
func TestKubernetes(t *testing.T) {
	all := manifests(t, "kubernetes/deployment.yaml")
	pod := all["Deployment"].Spec.Template.Spec
	root, pair := newRoot(t), newPair(t)
	templates := mounted(t, all["ConfigMap"].Data)
	fixtures := write(t, "fixtures.yaml", "secret:\n  app.db.password: a\"b\n  app.tls.crt: "+quote(pair.crt)+"\n  app.tls.key: "+quote(pair.key)+"\n")
	args := []string{}
	for _, a := range pod.InitContainers[0].Args {
		args = append(args, strings.Replace(a, "/etc/credrender", templates, 1))
	}
	credrender(t, append(args, "--state-dir", t.TempDir(), "--fixtures", fixtures, "--root", root)...)
	credrender(t, "--config", filepath.Join(templates, "credrender.yaml"), "lint") // for the sidecar, which has a schedule
	if got, want := read(t, filepath.Join(root, "secrets/app.json")), `{"database": {"password": "a\"b"}}`+"\n"; got != want {
		t.Errorf("app.json is %s, want %s", got, want)
	}
	memory := map[string]bool{}
	for _, v := range pod.Volumes {
		memory[v.Name] = v.EmptyDir.Medium == "Memory" || v.ConfigMap.Name == "app-templates"
	}
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		for _, m := range c.VolumeMounts {
			if !memory[m.Name] {
				t.Errorf("%s mounts %s, which is neither in memory nor the config map", c.Name, m.Name)
			}
		}
	}
}

// mounted lays a config map out as the kubelet does: each file is a link, by
// way of another one that an update replaces.
func mounted(t *testing.T, data map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "..1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..1", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	for name, text := range data {
		if err := os.WriteFile(filepath.Join(dir, "..1", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The steps that run credrender pass for a good change, and fail for a bad one.
func TestGitHubActions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string)
		good   bool
	}{
		"as it is": {func(string) {}, true},
		"a template that does not parse": {func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "billing.json.tmpl"), []byte(`{{ secret "a" `), 0o644)
		}, false},
		"a secret without a fixture": {func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "billing.json.tmpl"), []byte(`{"a": {{ secret "new" | jsonquote }}}`), 0o644)
		}, false},
		"not JSON": {func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "billing.json.tmpl"), []byte(`{"a": {{ secret "billing.db.password" }}}`), 0o644)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			repository := t.TempDir()
			deploy := filepath.Join(repository, "deploy")
			if err := os.CopyFS(deploy, os.DirFS("crontab")); err != nil {
				t.Fatal(err)
			}
			c.change(deploy)
			out, good := runSteps(t, repository)
			if good != c.good {
				t.Errorf("passed: %v, want %v:\n%s", good, c.good, out)
			}
			if c.good && !strings.Contains(out, "secret billing.db.password") {
				t.Errorf("lint does not say what is asked for:\n%s", out)
			}
		})
	}
}

func runSteps(t *testing.T, repository string) (output string, good bool) {
	t.Helper()
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Steps []struct{ Name, Uses, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "github-actions/credrender.yml")), &workflow); err != nil {
		t.Fatal(err)
	}
	if len(workflow.Permissions) != 1 || workflow.Permissions["contents"] != "read" {
		t.Errorf("permissions %v", workflow.Permissions)
	}
	env := []string{"PATH=" + filepath.Dir(binary) + ":" + clitest.SystemPath, "RUNNER_TEMP=" + t.TempDir(), "CREDRENDER_STATE_DIR=" + t.TempDir()}
	ran := 0
	good = true
	for _, s := range workflow.Jobs["lint"].Steps {
		if !strings.HasPrefix(s.Run, "credrender ") {
			if out, code := clitest.Run(t.Context(), t, nil, s.Run, "sh", "-n"); code != 0 {
				t.Errorf("%s: %s", s.Name, out)
			}
			continue
		}
		ran++
		out, code := clitest.Run(t.Context(), t, env, "", "sh", "-e", "-c", "cd "+repository+" && "+s.Run)
		output, good = output+out, good && code == 0
	}
	if ran != 2 {
		t.Errorf("%d steps run credrender, expected 2", ran)
	}
	return output, good
}
