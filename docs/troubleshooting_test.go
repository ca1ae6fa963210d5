package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Each message of troubleshooting.md is in a string of the program, and each has a
// cause and a fix.
func TestTroubleshootingQuotesMessages(t *testing.T) {
	printed := strings.Join(stringsOfProgram(t), "\n")
	entries := regexp.MustCompile("(?m)^### ").Split(read(t, "troubleshooting.md"), -1)[1:]
	if len(entries) < 30 {
		t.Fatalf("%d entries", len(entries))
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		title, body, _ := strings.Cut(entry, "\n")
		message := strings.Trim(title, "`")
		if !strings.Contains(printed, message) {
			t.Errorf("credrender does not print %q", message)
		}
		if !strings.Contains(body, "**Cause.** ") || !strings.Contains(body, "**Fix.** ") {
			t.Errorf("%q has no cause or no fix", message)
		}
		if seen[message] {
			t.Errorf("%q has two entries", message)
		}
		seen[message] = true
	}
}

// stringsOfProgram returns the string literals of the code that is shipped.
func stringsOfProgram(t *testing.T) (all []string) {
	t.Helper()
	for _, dir := range []string{"../cmd", "../internal", "../pkg"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						all = append(all, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
