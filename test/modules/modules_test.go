package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// The page is what the generator writes. UPDATE_DOCS=1 rewrites it.
func TestModulesPage(t *testing.T) {
	want, err := page(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "docs/dev/modules.md")
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/dev/modules.md is not what the code says: UPDATE_DOCS=1 go test ./test/modules")
	}
}

// What is built into the binary may be passed on with it, under the Apache License. The
// Mozilla Public License covers its own files only, and their source is public. The
// Unlicense gives up all rights.
func TestLicences(t *testing.T) {
	all, err := used(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	shipped := []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0"}
	for path, m := range all {
		licence, err := licenceOf(m.Dir)
		if err != nil {
			t.Error(err)
		}
		if !slices.Contains(shipped, licence) && (m.inBinary || licence != "Unlicense") {
			t.Errorf("%s has the licence %s", path, licence)
		}
	}
	if !all["github.com/spf13/cobra"].inBinary || all["github.com/johannesboyne/gofakes3"].inBinary {
		t.Error("what is in the binary is not told from what is in the tests")
	}
}

// Every reason is for a direct dependency.
func TestReasonsAreForModules(t *testing.T) {
	direct, err := required(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for path := range reasons {
		if !slices.Contains(direct, path) {
			t.Errorf("go.mod does not require %s", path)
		}
	}
}

// Go programs that targets install have a version. The libraries of Python in
// test/interop/requirements.txt are open on purpose, as it says.
func TestToolsArePinned(t *testing.T) {
	for _, name := range []string{"Makefile", ".ci/run", "test/interop/prepare"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "@latest") {
			t.Errorf("%s installs something @latest", name)
		}
		for _, m := range regexp.MustCompile(`(?:install|GO\)\s+run|go run) (\S+\.\S+/\S+)`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], ".") && !strings.Contains(m[1], "@v") {
				t.Errorf("%s installs %s without a version", name, m[1])
			}
		}
	}
}
