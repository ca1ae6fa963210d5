package examples

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/test/clitest"
)

// folders lists the examples, each recipe of the cookbook by itself.
func folders(t *testing.T) (list []string) {
	t.Helper()
	for _, pattern := range []string{"*/README.md", "cookbook/*/credrender.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) < cookbook {
			t.Fatalf("%d folders match %s: %v", len(found), pattern, err)
		}
		for _, path := range found {
			list = append(list, filepath.Dir(path))
		}
	}
	return list
}

// Each example works from a copy outside of this repository: its configs find their
// templates, what its image copies is there, its scripts, YAML and JSON parse, its
// commands of fixtures run. Every file has to be looked at by one of these checks, or be
// one that they read.
func TestExamplesStandAlone(t *testing.T) {
	for _, folder := range folders(t) {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, folder)
			err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
				if err == nil && !e.IsDir() {
					standAlone(t, dir, path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func standAlone(t *testing.T, dir, path string) {
	t.Helper()
	name, text := filepath.Base(path), read(t, path)
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		var content map[string]any
		if err := yaml.Unmarshal([]byte(strings.Split(text, "\n---\n")[0]), &content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if content["jobs"] != nil && content["on"] == nil { // which a workflow has
			inFolder(t, dir, binary, "-c", name, "lint", "--strict")
		}
		if content["cases"] != nil {
			inFolder(t, dir, binary, "test", path)
		}
	case ".json":
		if !json.Valid([]byte(text)) {
			t.Errorf("%s is no JSON", name)
		}
	case ".sh":
		inFolder(t, dir, "sh", "-n", name)
	case ".md":
		readme(t, dir, text)
	case ".tmpl", ".conf", ".cron", ".service", ".go", ".properties", ".cnf", ".acl", ".env", ".cfg":
	default:
		switch {
		case name == "Dockerfile":
			dockerfile(t, dir, text)
		case strings.Contains(path, "/want/"):
		default:
			t.Errorf("no check is for %s", name)
		}
	}
}

// inFolder runs a program as somebody would who has entered the folder.
func inFolder(t *testing.T, dir string, argv ...string) {
	t.Helper()
	out, code := clitest.Run(t.Context(), t, []string{"CREDRENDER_STATE_DIR=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "PATH=" + filepath.Dir(binary) + ":" + clitest.SystemPath},
		"", append([]string{"sh", "-c", `cd "$0" && exec "$@"`, dir}, argv...)...)
	if code != 0 {
		t.Errorf("%q: exit code %d:\n%s", argv, code, out)
	}
}

// readme runs the commands of a page that need neither AWS nor another place.
func readme(t *testing.T, dir, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "credrender ")
		if ok && strings.HasPrefix(line, "    ") && strings.Contains(command, "--fixtures") {
			inFolder(t, dir, "sh", "-ec", "credrender "+strings.ReplaceAll(command, "/tmp/", "$TMPDIR/"))
		}
	}
}

// dockerfile checks that what an image copies from its context is in the folder.
func dockerfile(t *testing.T, dir, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join(dir, source)); err != nil && !strings.HasPrefix(source, "--") {
				t.Errorf("COPY %s: %v", source, err)
			}
		}
	}
}
