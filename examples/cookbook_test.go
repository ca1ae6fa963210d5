package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// cookbook is how many recipes there are.
const cookbook = 12

func recipes(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("cookbook/*/credrender.yaml")
	if err != nil || len(dirs) != cookbook {
		t.Fatalf("%d recipes, want %d: %v", len(dirs), cookbook, err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

var ownerOrGroup = regexp.MustCompile(`, (owner|group): [\w-]+`)

// destinations returns the destinations of a config.
func destinations(t *testing.T, config string) (dests []string) {
	t.Helper()
	var c struct {
		Jobs []struct{ Files []struct{ Dest string } }
	}
	if err := yaml.Unmarshal([]byte(config), &c); err != nil {
		t.Fatal(err)
	}
	for _, j := range c.Jobs {
		for _, f := range j.Files {
			dests = append(dests, f.Dest)
		}
	}
	return dests
}

// Each recipe is linted and rendered as a whole with its fixtures. A second render writes
// nothing, and the files are those that its golden tests expect.
func TestCookbook(t *testing.T) {
	for _, recipe := range recipes(t) {
		t.Run(filepath.Base(recipe), func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, recipe)
			config := filepath.Join(dir, "credrender.yaml")
			if out := credrender(t, "-c", config, "lint"); strings.Contains(out, "warning") {
				t.Errorf("lint:\n%s", out)
			}
			text := read(t, config)
			dests := destinations(t, text)
			if err := os.WriteFile(config, []byte(ownerOrGroup.ReplaceAllString(without(text), "")), 0o644); err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			for _, dest := range dests {
				if err := os.MkdirAll(filepath.Join(root, filepath.Dir(dest)), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			line := []string{"-c", config, "--state-dir", t.TempDir(), "render", "--fixtures", filepath.Join(dir, "fixtures.yaml"), "--root", root}
			credrender(t, line...)
			if out := credrender(t, line...); out != "" {
				t.Errorf("a second render says:\n%s", out)
			}
			compareWanted(t, dir, root, dests)
		})
	}
}

// credrender test passes over the whole cookbook, and every recipe has cases.
func TestCookbookTests(t *testing.T) {
	dir, err := filepath.Abs("cookbook")
	if err != nil {
		t.Fatal(err)
	}
	out := credrender(t, "test", dir)
	if !strings.HasSuffix(out, " 0 failed\n") {
		t.Errorf("credrender test:\n%s", out)
	}
	for _, recipe := range recipes(t) {
		if out := credrender(t, "test", "-v", filepath.Join(filepath.Dir(dir), recipe)); !strings.Contains(out, "ok ") {
			t.Errorf("%s:\n%s", recipe, out)
		}
	}
}

// compareWanted compares the files that golden tests expect with the rendered ones.
func compareWanted(t *testing.T, dir, root string, dests []string) {
	t.Helper()
	wanted, err := filepath.Glob(filepath.Join(dir, "want/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range wanted {
		found := false
		for _, dest := range dests {
			if filepath.Base(dest) != filepath.Base(path) {
				continue
			}
			found = true
			if got, want := read(t, filepath.Join(root, dest)), read(t, path); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", dest, got, want)
			}
		}
		if !found {
			t.Errorf("%s is no file of the recipe", path)
		}
	}
}
