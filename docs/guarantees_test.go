package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each promise names the tests that hold it, and these exist.
func TestPromisesAreHeld(t *testing.T) {
	page := read(t, "guarantees.md")
	_, promises, found := strings.Cut(page, "## The promises")
	promises, _, _ = strings.Cut(promises, "\n## ")
	if !found {
		t.Fatal("guarantees.md has no promises")
	}
	wantTests(t, "guarantees.md", promises, 20)
}

// Each promise of the threat model names the tests that hold it, and every actor has one.
func TestThreatModelIsHeld(t *testing.T) {
	page := read(t, "security.md")
	_, model, found := strings.Cut(page, "## Threat model")
	model, limits, rest := strings.Cut(model, "\nWhat remains for each:")
	if !found || !rest {
		t.Fatal("security.md has no threat model, or does not say what remains")
	}
	wantTests(t, "security.md", model, 25)
	for _, actor := range []string{"table writer", "network hop", "local user", "template author", "config author", "stolen backup", "stolen state"} {
		if !strings.Contains(model, "\n| "+actor+" | ") || !strings.Contains(limits, "- **"+strings.ToUpper(actor[:1])+actor[1:]) {
			t.Errorf("security.md has no promise or no limit for: %s", actor)
		}
	}
}

// Each fault that was found by operating credrender has a test.
func TestFaultsOfOperationAreTested(t *testing.T) {
	page := read(t, "dev/operations-tests.md")
	wantTests(t, "dev/operations-tests.md", page, 19)
	for n := 1; n <= 18; n++ {
		if !strings.Contains(page, fmt.Sprintf("\n| %d | ", n)) {
			t.Errorf("dev/operations-tests.md has no row %d", n)
		}
	}
}

// wantTests fails if a row of a table names no test, or the page one that does not exist.
func wantTests(t *testing.T, page, table string, atLeast int) {
	t.Helper()
	name := regexp.MustCompile("`(Test[A-Za-z0-9]+|[a-z0-9_]+\\.txtar)`")
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| promise") || strings.HasPrefix(line, "| | found") || strings.HasPrefix(line, "| who | promise") {
			continue
		}
		if rows++; !name.MatchString(line) {
			t.Errorf("%s: no test in %s", page, line)
		}
	}
	if rows < atLeast {
		t.Errorf("%s has %d rows, expected at least %d", page, rows, atLeast)
	}
	tests := testNames(t)
	for _, m := range name.FindAllStringSubmatch(read(t, page), -1) {
		if !tests[m[1]] {
			t.Errorf("%s names %s, which does not exist", page, m[1])
		}
	}
}

// testNames are the Go tests and the scripts of this module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, dir := range []string{"../cmd", "../internal", "../pkg", "../packaging", "../examples", "../test"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".txtar"):
				names[filepath.Base(path)] = true
			case strings.HasSuffix(path, "_test.go"):
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				for _, m := range function.FindAllSubmatch(text, -1) {
					names[string(m[1])] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
