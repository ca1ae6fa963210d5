package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/template"
)

// The reference pages are generated from the tables that help and schema use.
// UPDATE_DOCS=1 writes them.
func TestReferencePages(t *testing.T) {
	for page, want := range map[string]string{"functions.md": functionsPage(t), "config-keys.md": keysPage()} {
		if got, err := os.ReadFile(page); err == nil && string(got) == want {
			continue
		}
		if os.Getenv("UPDATE_DOCS") == "" {
			t.Errorf("%s is out of date: run UPDATE_DOCS=1 go test ./docs -run TestReferencePages", page)
			continue
		}
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// cell writes code in a table: a bar would end the cell.
func cell(code string) string {
	code = strings.ReplaceAll(strings.ReplaceAll(code, "|", `\|`), "\n", "↵")
	if code == "" {
		return ""
	}
	if strings.Contains(code, "`") {
		return "`` " + code + " ``"
	}
	return "`" + code + "`"
}

func functionsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Functions

<!-- made by UPDATE_DOCS=1 go test ./docs -run TestReferencePages -->

All functions that templates can use. [Templates](templates.md) explains credrender's own, and [conversions](conversions.md)
how Sprig's differ. A piped value becomes the last argument.

- ↵ in a result is a line break. Functions that send requests have no result here.
- ‡ marks functions that return a different result on each run.
- ` + "`credrender explain NAME`" + ` prints the same on the machine.
`)
	group := ""
	for _, f := range template.Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n## %s\n\n| function | description | example | result |\n|---|---|---|---|\n", group)
		}
		f = f.Evaluate(t.Context())
		call, does := cell(f.Call()), f.Summary
		if f.Volatile {
			call += " ‡"
		}
		if len(f.Aliases) > 0 {
			does += " Also `" + strings.Join(f.Aliases, "`, `") + "`."
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", call, strings.ReplaceAll(does, "|", `\|`), cell(f.Example), cell(f.Result))
	}
	return b.String()
}

func keysPage() string {
	titles := map[config.Section]string{
		config.SectionTop:     "The config",
		config.SectionSource:  "A source: `sources.NAME`",
		config.SectionJob:     "A job: `jobs[]`",
		config.SectionKeypair: "A key pair: `jobs[].keypairs[]`",
		config.SectionFile:    "A file: `jobs[].files[]`, or in a job with one file",
		config.SectionTests:   "A test file: `*.test.yaml`",
		config.SectionCase:    "A case of a test file: `cases[]`",
	}
	var b strings.Builder
	b.WriteString(`# Keys

<!-- made by UPDATE_DOCS=1 go test ./docs -run TestReferencePages -->

All keys of the [config](configuration.md) and of [test files](authoring.md#golden-tests). ` + "`credrender explain KEY`" + ` prints
the same on the machine, and ` + "`credrender config schema`" + ` prints a JSON Schema for editors.
`)
	section := config.Section("-")
	for _, k := range config.Keys() {
		if k.Section != section {
			section = k.Section
			fmt.Fprintf(&b, "\n## %s\n\n| key | description | kind | default | example |\n|---|---|---|---|---|\n", titles[section])
		}
		does := k.Does
		if k.Required {
			does += " Required."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Name, strings.ReplaceAll(does, "|", `\|`), k.Kind, strings.ReplaceAll(k.Default, "|", `\|`), cell(k.Example))
	}
	return b.String()
}
