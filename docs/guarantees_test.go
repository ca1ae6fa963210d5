package docs_test

import (
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
	name := regexp.MustCompile("`(Test[A-Za-z0-9]+|[a-z_]+\\.txtar)`")
	rows := 0
	for line := range strings.Lines(promises) {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| | promise") {
			continue
		}
		if rows++; !name.MatchString(line) {
			t.Errorf("nothing holds %s", line)
		}
	}
	if rows < 20 {
		t.Errorf("found %d promises, expected more", rows)
	}
	tests := testNames(t)
	for _, m := range name.FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("guarantees.md names %s, which does not exist", m[1])
		}
	}
}

// testNames are the Go tests and the scripts of this module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, dir := range []string{"../cmd", "../internal", "../pkg"} {
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
