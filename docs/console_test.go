package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/clitest"
)

// A console block of a page is run, and its output is compared with what the page
// shows. The blocks of a page are one session of /bin/sh, in an empty home directory.
// UPDATE_DOCS=1 writes the real output to the pages.
//
// In a block, "$ " begins a command and "> " continues it; the lines after it are its
// output. A line "..." stands for any lines. A command that fails is followed by
// "$ echo $?". A page with the comment in [needsAWS] has the fake of AWS.
func TestConsole(t *testing.T) {
	t.Parallel()
	for _, path := range pagesWithConsole(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			p := parsePage(read(t, path))
			problems := p.run(t)
			if os.Getenv("UPDATE_DOCS") != "" {
				if err := os.WriteFile(path, []byte(p.text()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, problem := range problems {
				t.Error(problem)
			}
		})
	}
}

// A page whose output differs in one character is noticed, and so are a command that
// fails without saying so and one whose output is not shown.
func TestConsoleNoticesChanges(t *testing.T) {
	t.Parallel()
	good := "```console\n$ export CREDRENDER_STORE=local\n$ credrender setup >setup.log 2>&1\n$ printf x | credrender put a -\ncredrender: stored a version 0000000000000000001\n$ credrender get b 2>/dev/null\n$ echo $?\n3\n```\n"
	for name, page := range map[string]struct {
		text string
		want int
	}{
		"good":           {good, 0},
		"changed output": {strings.Replace(good, "0001\n", "0002\n", 1), 1},
		"failure hidden": {strings.Replace(good, "$ echo $?\n3\n", "", 1), 1},
		"output missing": {strings.Replace(good, "credrender: stored a version 0000000000000000001\n", "", 1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parsePage(page.text).run(t); len(got) != page.want {
				t.Errorf("%d problems, want %d: %q", len(got), page.want, got)
			}
		})
	}
}

const (
	needsAWS = "<!-- docs-check: aws -->"
	shownDir = "/home/me" // the home directory in the pages
)

func pagesWithConsole(t *testing.T) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"../README.md", "*.md"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range matches {
			if strings.Contains(read(t, path), "```console\n") {
				paths = append(paths, path)
			}
		}
	}
	if len(paths) < 3 {
		t.Fatalf("only %v have console blocks", paths)
	}
	return paths
}

var binary string

func TestMain(m *testing.M) { os.Exit(clitest.Main(m, &binary)) }

// page is a page, cut into text and commands.
type page struct {
	aws   bool
	parts []part
}

// part is text that is copied, or a command with its output.
type part struct {
	text          string // copied lines, or the lines of the command as the page shows them
	command, want string
	output        string // set by run
}

func parsePage(text string) *page {
	p := &page{aws: strings.Contains(text, needsAWS)}
	inside := false
	for line := range strings.Lines(text) {
		last := len(p.parts) - 1
		rest, first := strings.CutPrefix(line, "$ ")
		more, follows := strings.CutPrefix(line, "> ")
		switch {
		case line == "```console\n":
			inside = true
			p.parts = append(p.parts, part{text: line})
		case strings.HasPrefix(line, "```") || !inside:
			inside = inside && !strings.HasPrefix(line, "```")
			p.parts = append(p.parts, part{text: line})
		case first:
			p.parts = append(p.parts, part{text: line, command: rest})
		case follows && p.parts[last].want == "":
			p.parts[last].text += line
			p.parts[last].command += more
		default:
			p.parts[last].want += line
		}
	}
	return p
}

// text is the page with the real outputs, but for outputs that match already.
func (p *page) text() string {
	var b strings.Builder
	for _, c := range p.parts {
		b.WriteString(c.text)
		switch {
		case c.command == "" || matches(c.want, c.output):
			b.WriteString(c.want)
		case c.output != "":
			b.WriteString(c.output + "\n")
		}
	}
	return b.String()
}

// run runs the commands of a page and returns how they differ from it.
func (p *page) run(t *testing.T) (problems []string) {
	t.Helper()
	home := t.TempDir()
	var script strings.Builder
	for _, c := range p.parts {
		if c.command != "" {
			fmt.Fprintf(&script, "(exit $code)\n{\n%s} 2>&1\ncode=$?\nprintf '\\036%%d\\036' $code\n", strings.ReplaceAll(c.command, shownDir, home))
		}
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "code=0\n"+script.String())
	cmd.Dir, cmd.Env = home, append(p.environment(t), "HOME="+home, "PATH="+filepath.Dir(binary)+":"+clitest.SystemPath, "TZ=UTC", "LC_ALL=C",
		"CREDRENDER_STATE_DIR="+home+"/.local/state/credrender", "RUNTIME_DIRECTORY="+home+"/.run")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return []string{fmt.Sprintf("the session ended: %v\n%s%s", err, stdout.String(), stderr.String())}
	}
	results := strings.Split(strings.ReplaceAll(stdout.String(), home, shownDir), "\036")
	n := 0
	for i := range p.parts {
		c := &p.parts[i]
		if c.command == "" {
			continue
		}
		code, err := strconv.Atoi(results[n+1])
		if err != nil {
			t.Fatal(err)
		}
		c.output = strings.TrimRight(results[n], "\n")
		n += 2
		if !matches(c.want, c.output) {
			problems = append(problems, fmt.Sprintf("$ %sprints\n%s\nand the page shows\n%s", c.command, c.output, c.want))
		}
		if code != 0 && (i+1 == len(p.parts) || p.parts[i+1].command != "echo $?\n") {
			problems = append(problems, fmt.Sprintf("$ %sexits with %d, and no 'echo $?' follows", c.command, code))
		}
	}
	return problems
}

func (p *page) environment(t *testing.T) []string {
	if p.aws {
		return awsfake.Start(t).Env()
	}
	return []string{"AWS_EC2_METADATA_DISABLED=true"}
}

// varying are the parts of outputs that differ at each run.
var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z| UTC| [+-]\d{4})?|\d+(\.\d+)?(ms|µs|s)\b`)

func matches(want, got string) bool {
	want = varying.ReplaceAllString(strings.TrimRight(want, "\n"), "VARIES")
	got = varying.ReplaceAllString(got, "VARIES")
	pieces := strings.Split("\n"+want+"\n", "\n...\n")
	for i, piece := range pieces {
		pieces[i] = regexp.QuoteMeta(strings.Trim(piece, "\n"))
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(pieces, `.*?`) + `\z`).MatchString(strings.Trim(got, "\n"))
}
