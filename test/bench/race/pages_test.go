package race_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/bench/race"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..", "..")

// A claim that the last run does not bear out cannot stay on a page.
func TestPagesStateTheLastRun(t *testing.T) {
	files, err := race.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		there, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(there)); diff != "" {
			t.Errorf("%s is not what the numbers make of it; UPDATE_DOCS=1 writes it (-numbers +page):\n%s", path, diff)
		}
	}
}

// claims are what a page may not have from a hand, and measured what pages on performance may not.
var (
	claims   = regexp.MustCompile(`(?i)\b(fast|slow)er than\b|\btimes (as fast|as slow|faster|slower)\b|\b[0-9.]+ ?x (faster|slower)\b`)
	measured = regexp.MustCompile(`\b[0-9][0-9.]*( |\x{a0})?(ms|MiB)\b`)
)

// handwritten returns what people claim on a page.
func handwritten(path, text string) []string {
	text = strings.Join(strings.Fields(race.Outside(text)), " ")
	found := claims.FindAllString(text, -1)
	if name := filepath.Base(path); name == "README.md" || name == "performance.md" {
		found = append(found, measured.FindAllString(text, -1)...)
	}
	return found
}

func TestNobodyClaimsByHand(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, path := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, claim := range handwritten(path, string(text)) {
			t.Errorf("%s claims %q outside of a block that make bench-peers writes", path, claim)
		}
	}
}

func TestHandwritten(t *testing.T) {
	block := "<!-- bench short -->\nfaster than 5 ms\n<!-- bench end -->\n"
	tests := []struct {
		path, text string
		want       []string
	}{
		{"docs/performance.md", "It takes 96 ms and 1.5 MiB.", []string{"96 ms", "1.5 MiB"}},
		{"docs/daemon.md", "It takes 96 ms.", nil},
		{"docs/daemon.md", "It is Faster\nthan cron, 3 x faster and five times slower.", []string{"Faster than", "3 x faster", "times slower"}},
		{"README.md", "A" + block + "B" + block, nil},
		{"README.md", block + "7 ms" + block, []string{"7 ms"}},
		{"README.md", "5 seconds, 20 GiB", nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, handwritten(tt.path, tt.text)); diff != "" {
			t.Errorf("%s: %q (-want +got):\n%s", tt.path, tt.text, diff)
		}
	}
}

func TestInsert(t *testing.T) {
	blocks := map[string]string{"a": "new a\n", "b": "new b\n"}
	page := "# Title\n<!-- bench a -->\nold\n<!-- bench end -->\nrest\n<!-- bench b -->\n<!-- bench end -->\n"
	got, err := race.Insert(page, blocks)
	want := "# Title\n<!-- bench a -->\nnew a\n<!-- bench end -->\nrest\n<!-- bench b -->\nnew b\n<!-- bench end -->\n"
	if err != nil || got != want {
		t.Errorf("%v, got\n%s", err, got)
	}
	if got, err := race.Insert("no block", blocks); err != nil || got != "no block" {
		t.Errorf("%v, got %q", err, got)
	}
	for _, page := range []string{"<!-- bench a -->\nno end", "<!-- bench c -->\n<!-- bench end -->\n", "<!-- bench a"} {
		if got, err := race.Insert(page, blocks); err == nil {
			t.Errorf("%q: got %q", page, got)
		}
	}
}
