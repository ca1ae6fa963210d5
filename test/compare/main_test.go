package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/credrender/credrender/test/clitest"
)

var binary string

func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &binary)) }

// credrender does what is wanted in every row, and the page says what it does.
func TestCredrenderDoesWhatIsWanted(t *testing.T) {
	text, err := os.ReadFile("../../docs/dev/compare-hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	ours := column{name: "credrender"}
	for _, s := range scenarios() {
		t.Run(s.title, func(t *testing.T) {
			o, err := try(t.Context(), credrender{}, binary, s)
			if err != nil {
				t.Fatal(err)
			}
			ours.cells = append(ours.cells, o)
			if !o.good {
				t.Errorf("wanted: %s; got: %s", s.want, o.text)
			}
			if row := "| " + s.title + " | " + s.want + " | **" + o.text + "** |"; !strings.Contains(string(text), row) {
				t.Errorf("docs/dev/compare-hooks.md (make compare-hooks) does not have\n%s", row)
			}
		})
	}
}

func TestPageSaysWhatWasNotRun(t *testing.T) {
	got := page([]column{{name: "one", absent: "not run"}})
	if !strings.Contains(got, "| version | | not run |") || strings.Contains(got, "**"+scenarios()[0].title) {
		t.Errorf("got\n%s", got)
	}
}

// confd is seldom there to say that its configuration is wrong.
func TestConfdConfigurationParses(t *testing.T) {
	dir := t.TempDir()
	files := []file{{dest: "/a b", mode: "0600"}, {dest: "/two", fails: true}}
	args, err := confdTool{}.configure(dir, setup{files: files, check: `! grep -q "bad" {{.src}}`, hook: command{shell: `echo "$PPID" \ >> log`}, timeout: tooLong})
	if err != nil || len(args) == 0 {
		t.Fatal(args, err)
	}
	for _, name := range []string{"0.toml", "1.toml"} {
		text, err := os.ReadFile(filepath.Join(dir, "confd", "conf.d", name))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Template struct {
				Src, Dest string
				Keys      []string
				Check     string `toml:"check_cmd"`
				Reload    string `toml:"reload_cmd"`
				Timeout   string `toml:"reload_cmd_timeout"`
			}
		}
		if err := toml.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if got.Template.Check != `! grep -q "bad" {{.src}}` || got.Template.Reload != `echo "$PPID" \ >> log` || got.Template.Timeout != "1m0s" {
			t.Errorf("got %+v", got.Template)
		}
	}
}
