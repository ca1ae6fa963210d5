package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/shells"
)

// command is a line of a page that readers copy: indented, or after "$ ".
var command = regexp.MustCompile(`^(?:    |\$ )((?:sudo )?credrender .*)$`)

// TestCommandsSurviveShells: a command of a page can be copied into any shell. The
// synopses in brackets cannot.
func TestCommandsSurviveShells(t *testing.T) {
	t.Parallel()
	pages := []string{"../README.md"}
	for _, pattern := range []string{"*.md", "../examples/*/README.md"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, matches...)
	}
	commands := 0
	for _, path := range pages {
		for line := range strings.Lines(read(t, path)) {
			m := command.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil || strings.Contains(m[1], "[--") {
				continue
			}
			commands++
			if found := shells.Globs(m[1]); found != "" {
				t.Errorf("%s: a shell expands the %s of %s", path, found, m[1])
			}
		}
	}
	if commands < 50 {
		t.Errorf("only %d commands", commands)
	}
}
