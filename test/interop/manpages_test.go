//go:build interop

package interop

import (
	"path/filepath"
	"strings"
	"testing"
)

// The manual pages are without a warning of groff, which man runs, and of mandoc, which
// the BSDs and Alpine run. mandoc misses a date in a build that has no commit.
func TestManualPages(t *testing.T) {
	dir := t.TempDir()
	newCommand(t, binary, nil).want(t, 0, "docs", "man", dir)
	pages, err := filepath.Glob(dir + "/*.[157]")
	if err != nil || len(pages) < 70 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	groff := newCommand(t, program(t, "groff"), nil, "-man", "-ww", "-Tutf8", "-Kutf8", "-z")
	for _, page := range pages {
		if r := groff.want(t, 0, page); r.Stderr != "" {
			t.Errorf("%s: %s", filepath.Base(page), r.Stderr)
		}
	}
	mandoc := newCommand(t, program(t, "mandoc"), nil, "-Tlint", "-Wwarning").run(t, pages...)
	for line := range strings.Lines(mandoc.Stdout + mandoc.Stderr) {
		if !strings.Contains(line, "missing date") {
			t.Error(strings.TrimSpace(line))
		}
	}
	if mandoc.Code > 2 { // 2: warnings, which are listed above
		t.Errorf("mandoc exits with %d", mandoc.Code)
	}
	shown := newCommand(t, program(t, "man"), []string{"MANWIDTH=80", "MANPAGER=cat"}, "-l").want(t, 0, dir+"/credrender.yaml.5").Stdout
	for line := range strings.Lines(shown) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("credrender.yaml(5) has a line of %d columns: %s", n, line)
		}
	}
	if !strings.Contains(shown, "The config file") {
		t.Errorf("man shows\n%s", shown)
	}
}
