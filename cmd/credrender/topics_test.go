package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/credrender/credrender/docs"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/template"
)

// notTopics are the pages of docs that help does not print, with the reason.
var notTopics = map[string]string{
	"index.md": "a list of pages", "install.md": "read before there is a program", "quickstart-local.md": "a tutorial", "quickstart-aws.md": "a tutorial",
	"how-it-works.md": "pictures", "cookbook.md": "leads to folders of examples", "compatibility.md": "read to choose", "fleet.md": "read to choose", "performance.md": "read to choose",
}

// Each page of docs is a topic, the subject of a command with a help of its own, or left
// out for a reason.
func TestEveryPageIsATopic(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	for _, page := range pages {
		file := filepath.Base(page)
		isTopic := slices.ContainsFunc(topics(), func(tp topic) bool { return tp.file == file && tp.section == "" })
		if n := btoi(isTopic) + btoi(commandPages()[file] != "") + btoi(notTopics[file] != ""); n != 1 {
			t.Errorf("docs/%s: in %d lists of topics, commandPages and notTopics, want one", file, n)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// topicText returns what help prints about a topic.
func topicText(t *testing.T, name string) string {
	t.Helper()
	tp, ok := findTopic(name)
	if !ok {
		t.Fatalf("no topic %s", name)
	}
	text, err := tp.text("")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	aside  = regexp.MustCompile("(?s)<!--.*?-->|!\\[.*?\\)|```\\w*")
	target = regexp.MustCompile(`\]\([^)]*\)`)
	word   = regexp.MustCompile(`[\pL\d]+`)
)

func countWords(text string) map[string]int {
	counts := map[string]int{}
	for _, w := range word.FindAllString(strings.ToLower(text), -1) {
		counts[w]++
	}
	return counts
}

// Help and manual page of a topic hold every word of the page of docs, but for the
// titles of columns.
func TestTopicsKeepEveryWord(t *testing.T) {
	t.Parallel()
	for _, tp := range topics() {
		if tp.file == "" || tp.section != "" {
			continue
		}
		pages := docs.Pages
		if tp.from != nil {
			pages = *tp.from
		}
		source, err := pages.ReadFile(tp.file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(target.ReplaceAllString(aside.ReplaceAllString(string(source), ""), "]"), "\n")
		for i := range lines {
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|---") {
				lines[i] = ""
			}
		}
		want := countWords(strings.Join(lines, "\n"))
		page, err := topicPage(tp)
		if err != nil {
			t.Fatal(err)
		}
		unescaped := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fR`, "", `\fI`, "", `\(aq`, "'", `\(ga`, "`", `\(ti`, "~", `\(ha`, "^", `\e`, `\`, `\&`, "", `\(dq`, `"`, `\(CR`, "").Replace(page.roff)
		for form, got := range map[string]map[string]int{"help": countWords(topicText(t, tp.name)), "manual page": countWords(unescaped)} {
			for _, w := range slices.Sorted(maps.Keys(want)) {
				if got[w] < want[w] {
					t.Errorf("%s of %s: %q occurs %d times, and %d times in docs/%s", form, tp.name, w, got[w], want[w], tp.file)
				}
			}
		}
	}
}

// The tables of the program are in help and manual pages completely.
func TestTopicsOfTablesAreComplete(t *testing.T) {
	t.Parallel()
	full := func(name string) string {
		tp, _ := findTopic(name)
		page, err := topicPage(tp)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(page.roff, `\-`, "-")
	}
	functions, manFunctions := topicText(t, "functions"), full("functions")
	for _, f := range template.Functions() {
		if !regexp.MustCompile(`(?m)^  `+regexp.QuoteMeta(f.Call())+"( |$)").MatchString(functions) || !strings.Contains(manFunctions, `\fB`+f.Call()+`\fR`) {
			t.Errorf("help or manual page lacks the function %s", f.Call())
		}
	}
	keys, manKeys := topicText(t, "keys"), full("keys")
	for _, k := range config.Keys() {
		if !strings.Contains(keys, "\n  "+k.Name+" ") || !strings.Contains(manKeys, `\fB`+k.Name+`\fR`) {
			t.Errorf("help or manual page lacks the key %s", k.Path())
		}
	}
	options := topicText(t, "options")
	for _, f := range config.Flags() {
		if !strings.Contains(options, "--"+f.Name+" ") || !strings.Contains(options, "Variable: "+f.Env()) {
			t.Errorf("help options lacks --%s", f.Name)
		}
	}
}

// Each exit code that exitcode.go declares is described.
func TestExitCodesAreDescribed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("exitcode.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\texit\w+ += (\d)`).FindAllSubmatch(source, -1)
	if len(declared) != len(exitMeanings()) || len(severity) != len(exitMeanings()) {
		t.Fatalf("%d codes are declared, %d have a severity, %d are described", len(declared), len(severity), len(exitMeanings()))
	}
	for i, m := range exitMeanings() {
		if string(declared[i][1]) != strconv.Itoa(m.code) {
			t.Errorf("code %s is described as %d", declared[i][1], m.code)
		}
	}
}

// parsed calls f with the syntax of each file of the program.
func parsed(t *testing.T, f func(path string, file *ast.File)) {
	t.Helper()
	for _, dir := range []string{"..", "../../internal", "../../pkg"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				f(path, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func stringOf(e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		text, _ := strconv.Unquote(literal.Value)
		return text
	}
	return ""
}

// Every variable that the code looks up by name is in help environment.
func TestEnvironmentIsComplete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name := range countWords(strings.ReplaceAll(topicText(t, "environment"), "_", "ß")) { // one word, in lower case
		known[strings.ToUpper(strings.ReplaceAll(name, "ß", "_"))] = true
	}
	found := 0
	see := func(path, name string) {
		if found++; !known[name] {
			t.Errorf("%s reads %s, which 'credrender help environment' does not list", path, name)
		}
	}
	parsed(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				var called string
				switch fun := n.Fun.(type) {
				case *ast.Ident:
					called = fun.Name
				case *ast.SelectorExpr:
					called = fun.Sel.Name
				}
				if isLookup := strings.EqualFold(called, "lookupEnv") || strings.EqualFold(called, "getenv"); isLookup && len(n.Args) == 1 && stringOf(n.Args[0]) != "" {
					see(path, stringOf(n.Args[0]))
				}
			case *ast.IndexExpr:
				if sel, ok := n.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "env" && stringOf(n.Index) != "" {
					see(path, stringOf(n.Index))
				}
			case *ast.BasicLit:
				if name := strings.TrimSuffix(stringOf(n), "="); regexp.MustCompile(`^CREDRENDER_[A-Z_]*[A-Z]$`).MatchString(name) && !strings.Contains(path, "secretsmanager") { // whose words are stages
					see(path, name)
				}
			}
			return true
		})
	})
	if found < 25 {
		t.Errorf("only %d variables are found in the code", found)
	}
}

var helpLine = regexp.MustCompile(`credrender help ([a-z-]+)`)

// Wherever the program or a page tells to run 'credrender help NAME', NAME exists.
func TestHelpThatIsNamedExists(t *testing.T) {
	t.Parallel()
	var all []string
	parsed(t, func(_ string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				all = append(all, stringOf(e))
			}
			return true
		})
	})
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../packaging/*/*", "../../examples/*/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil || len(pages) == 0 {
			t.Fatalf("no pages match %s: %v", pattern, err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
	a := newApp(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	a.globals = newGlobals()
	root, found := newRoot(a), 0
	for _, text := range all {
		for _, m := range helpLine.FindAllStringSubmatch(text, -1) {
			found++
			_, isTopic := findTopic(m[1])
			if c, _, err := root.Find(m[1:]); !isTopic && (err != nil || c == root) {
				t.Errorf("%q: there is no such topic or command", m[0])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d mentions", found)
	}
}
