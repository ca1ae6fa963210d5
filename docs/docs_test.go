// Package docs_test holds the documentation to the code: its links lead
// somewhere, its templates render, its YAML loads.
package docs_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	for _, pattern := range []string{"../*.md", "*.md", "../examples/*.md", "../examples/*/*.md", "../terraform/*.md", "../terraform/*/*/*.md", "dev/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil || len(pages) == 0 {
			t.Fatalf("no pages match %s: %v", pattern, err)
		}
		for _, page := range pages {
			for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
					t.Errorf("%s links to %s: %v", page, m[1], err)
				}
			}
		}
	}
}

// A reader finds every page from the list of pages, and the list from the README.
func TestIndexNamesEveryPage(t *testing.T) {
	index := read(t, "index.md")
	pages, err := filepath.Glob("*.md")
	dev, devErr := filepath.Glob("dev/*.md")
	if err != nil || devErr != nil || len(pages) == 0 || len(dev) == 0 {
		t.Fatalf("no pages: %v, %v", err, devErr)
	}
	for _, page := range append(pages, dev...) {
		if page != "index.md" && !strings.Contains(index, "("+page+")") {
			t.Errorf("index.md does not link to %s", page)
		}
	}
	if !strings.Contains(read(t, "../README.md"), "(docs/index.md)") {
		t.Error("README.md does not link to docs/index.md")
	}
}

func TestExamplesOfTemplatesRender(t *testing.T) {
	examples := indented(read(t, "templates.md"), "{{")
	if len(examples) < 10 {
		t.Fatalf("found %d examples in templates.md, expected more", len(examples))
	}
	for _, text := range examples {
		tmpl, err := template.Parse(text, template.Options{
			Name: "example", Vars: map[string]any{"db": "db"},
			Contexts: map[string]map[string]string{"web": {"Env": "prod"}},
		})
		if err != nil {
			t.Errorf("%v in\n%s", err, text)
			continue
		}
		if _, err := template.Render(t.Context(), tmpl, resolver()); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

// answers has something for every question.
type answers struct{}

func (answers) Fetch(_ context.Context, refs []source.Ref) map[source.Ref]source.Result {
	results := map[source.Ref]source.Result{}
	for _, ref := range refs {
		results[ref] = source.Result{Secret: source.NewSecret([]byte(`{"a": "b"}`))}
	}
	return results
}

func (answers) Glob(ctx context.Context, _ source.Ref) (map[string]source.Result, error) {
	ref := source.Ref{Name: "app.env.A"}
	return map[string]source.Result{ref.Name: answers{}.Fetch(ctx, []source.Ref{ref})[ref]}, nil
}

func resolver() template.Resolver {
	return template.Resolver{Source: answers{}, Host: template.Host{
		LookupEnv:    func(string) (string, bool) { return "test", true },
		ReadFile:     func(string) ([]byte, error) { return []byte("hello\n"), nil },
		Hostname:     func() (string, error) { return "web1", nil },
		Now:          func() time.Time { return time.Unix(0, 0) },
		LoadLocation: func(string) (*time.Location, error) { return time.UTC, nil },
		SaltKey:      func() ([]byte, error) { return make([]byte, 32), nil },
	}}
}

func TestExamplesOfConfigLoad(t *testing.T) {
	for _, page := range []string{"configuration.md", "sources.md", "../README.md"} {
		blocks := fenced(read(t, page), "yaml")
		if len(blocks) == 0 {
			t.Errorf("%s has no YAML", page)
		}
		for _, text := range blocks {
			path := filepath.Join(t.TempDir(), "credrender.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(t.Context(), config.Options{Flags: map[string]string{"config": path}, EUID: os.Geteuid()})
			if err != nil {
				t.Errorf("%s: %v", page, err)
			} else if len(c.Jobs) == 0 {
				t.Errorf("%s: no jobs in\n%s", page, text)
			}
		}
	}
}

// Every package is in the table of rooms, by itself or under the one that it
// is a part of.
func TestPackagesAreInTheLayout(t *testing.T) {
	page := read(t, "dev/layout.md")
	list := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}}", "../...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		room := strings.TrimPrefix(path, "github.com/credrender/credrender/")
		if !documented(page, room) {
			t.Errorf("layout.md does not have %s", room)
		}
	}
}

func documented(page, room string) bool {
	for ; room != "."; room = filepath.Dir(room) {
		short := strings.TrimPrefix(room, filepath.Dir(room)+"/") // "`pkg/source/dynamo`, `kms`"
		if strings.Contains(page, "`"+room+"`") || strings.Contains(page, "`"+short+"`") {
			return !strings.HasSuffix(room, "internal")
		}
	}
	return false
}

// Every setting that has a flag is in the table of settings.
func TestSettingsAreDocumented(t *testing.T) {
	page := read(t, "configuration.md")
	for _, f := range config.Flags() {
		if !strings.Contains(page, "`"+f.Key()+"`") && !strings.Contains(page, "`--"+f.Name+"`") {
			t.Errorf("configuration.md does not have --%s", f.Name)
		}
	}
}

func TestExampleOfFixturesParses(t *testing.T) {
	for _, text := range fenced(read(t, "templates.md"), "yaml") {
		if _, err := secretfile.ParseFixtures("fixtures.yaml", []byte(text)); err != nil {
			t.Error(err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// indented returns the blocks indented by four spaces that contain mark.
func indented(page, mark string) (blocks []string) {
	for para := range strings.SplitSeq(page, "\n\n") {
		if strings.HasPrefix(para, "    ") && strings.Contains(para, mark) {
			blocks = append(blocks, strings.ReplaceAll("\n"+para, "\n    ", "\n"))
		}
	}
	return blocks
}

// fenced returns the blocks between ```language and ```.
func fenced(page, language string) (blocks []string) {
	for i, part := range strings.Split(page, "```"+language+"\n") {
		if i > 0 {
			text, _, _ := strings.Cut(part, "```")
			blocks = append(blocks, text)
		}
	}
	return blocks
}
