package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var docsPath = regexp.MustCompile(`\bdocs/|\b[\w-]+\.md\b`)

// No message and no text of help names a file of docs, which packages lack: they name
// 'credrender help TOPIC'. Files that the program writes for users don't either.
func TestMessagesNameNoFilesOfDocs(t *testing.T) {
	bare := regexp.MustCompile(`^([a-z-]+|README)\.md$`) // the name of a page, for help itself
	texts := stringsOfProgram(t)
	for _, pattern := range []string{"../internal/scaffold/*", "../examples/nginx/*.tmpl", "../examples/nginx/*.yaml", "../packaging/package/*", "../packaging/systemd/*.service", "../packaging/systemd/*.timer"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files match %s: %v", pattern, err)
		}
		for _, file := range files {
			if filepath.Ext(file) == ".go" {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
	for _, text := range texts {
		if path := docsPath.FindString(text); path != "" && !bare.MatchString(text) && text != ".md" {
			t.Errorf("%q is named in %q", path, text)
		}
	}
}
