//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// link is our binary under the name of the program whose place it takes.
func (a account) link(t *testing.T) command { return a.linkAs(t, "credstash") }

func (a account) linkAs(t *testing.T, name string) command {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(binary, path); err != nil {
		t.Fatal(err)
	}
	return newCommand(t, path, a.env)
}

// in is the account seen from another region.
func (a account) in(region string) account {
	return account{env: append(slices.Clone(a.env), "AWS_DEFAULT_REGION="+region, "AWS_REGION="+region)}
}

// The steps of credstash's own integration tests, with the link in its place
// and Python looking on: what one writes the other reads.
func TestLinkTakesCredstashsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		kms     string // region of the key
		globals []string
	}{
		"one region":  {"eu-west-1", nil},
		"two regions": {"us-west-2", []string{"-r", "us-east-1", "--kms-region", "us-west-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newAccount(t)
			aws.in(c.kms).makeKey(t)
			python, ours := aws.credstash(t), aws.link(t)
			run := func(p command, want string, args ...string) {
				t.Helper()
				if got := p.want(t, 0, append(slices.Clone(c.globals), args...)...).Stdout; got != want {
					t.Errorf("%s %q: %q, want %q", filepath.Base(p.path), args, got, want)
				}
			}
			run(ours, "Creating table...\nWaiting for table to be created...\nAdding tags...\n"+
				"Table has been created. Go read the README about how to create your KMS key\n", "setup")
			run(python, "Credential Store table already exists\n", "setup")
			run(ours, "test has been stored\n", "put", "test", "secret")
			for _, reader := range []command{python, ours} {
				run(reader, "secret\n", "get", "test")
			}
			run(ours, "test has been stored\n", "put", "-a", "test", "secret2")
			run(python, "test has been stored\n", "put", "-a", "test", "secret3")
			for _, reader := range []command{python, ours} {
				run(reader, "secret3\n", "get", "test")
				run(reader, "secret2", "get", "-n", "-v", "2", "test")
				run(reader, "{\n    \"test\": \"secret3\"\n}\n", "getall")
			}
			run(ours, "Deleting test -- version 0000000000000000001\nDeleting test -- version 0000000000000000002\n"+
				"Deleting test -- version 0000000000000000003\n", "delete", "test")
			run(python, "", "list")
		})
	}
}

// credstash's library works on what the link stored.
func TestLibraryOnWhatTheLinkStored(t *testing.T) {
	aws := newAccount(t)
	aws.makeKey(t)
	ours := aws.link(t)
	ours.want(t, 0, "setup")
	for _, digest := range digests {
		ours.want(t, 0, "put", "-d", digest, "by."+digest, "grüße\n", "Env=prod", "a.b=c")
	}
	ours.want(t, 0, "put", "-a", "by.MD5", "second", "Env=prod", "a.b=c")
	got := newCommand(t, program(t, "python3"), aws.env).want(t, 0, "-c", `
import credstash
kw = dict(region="eu-west-1", context={"a.b": "c", "Env": "prod"})
assert credstash.getSecret("by.MD5", **kw) == "second"
assert credstash.getSecret("by.MD5", version="1", **kw) == "grüße\n"
assert len(credstash.listSecrets(region="eu-west-1")) == 7
credstash.putSecretAutoversion("by.SHA", "third", **kw)
print(sorted(credstash.getAllSecrets(**kw).items()))
credstash.deleteSecrets("by.SHA512", region="eu-west-1")`).Stdout
	want := "[('by.MD5', 'second'), ('by.SHA', 'third'), ('by.SHA224', 'grüße\\n'), ('by.SHA256', 'grüße\\n'), ('by.SHA384', 'grüße\\n'), ('by.SHA512', 'grüße\\n')]"
	if !strings.Contains(got, want) {
		t.Errorf("the library says %s\nwant %s", got, want)
	}
	if got := ours.want(t, 0, "get", "by.SHA", "Env=prod", "a.b=c").Stdout; got != "third\n" {
		t.Errorf("what the library put: %q", got)
	}
}

// Random command lines go to both programs, each with a table of its own: the
// output, the exit code and the table after must be equal, save for what
// docs/credstash.md lists. FACE_LINES says how many (500 for a release),
// FACE_SEED which.
func TestRandomCommandLinesDoTheSame(t *testing.T) {
	lines, seed := envInt(t, "FACE_LINES", 60), envInt(t, "FACE_SEED", 1)
	t.Logf("%d lines of seed %d", lines, seed)
	theirs, our := newAccount(t), newAccount(t)
	theirs.makeKey(t)
	our.makeKey(t)
	python, link := theirs.credstash(t), our.link(t)
	g := newLineMaker(t, uint64(seed))
	differ := map[string]int{}
	for i := range lines {
		l := g.next(i)
		want, got := runBounded(t, python, l.python, l.stdin), runBounded(t, link, l.ours, l.stdin)
		why, ok := l.judge(want, got)
		if !ok {
			t.Errorf("line %d, %q (to Python %q): %s\nPython: %+v\nours:   %+v", i, l.ours, l.python, why, want, got)
		}
		differ[why]++
		if l.changes() {
			sameTables(t, fmt.Sprintf("after line %d, %q", i, l.ours), link.want(t, 0, "list"), theirs.link(t).want(t, 0, "list"))
		}
		if t.Failed() {
			return // the tables may have parted
		}
	}
	t.Logf("equal or listed: %v", differ)
	sameValues(t, g, link, theirs.link(t))
	if a, b := dumpTable(t, our), dumpTable(t, theirs); a != b {
		t.Errorf("tables (-Python +ours):\n%s", cmp.Diff(b, a))
	}
}

func envInt(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const hung = -1 // instead of an exit code

// runBounded gives up on a program that hangs, as credstash's getall does.
func runBounded(t *testing.T, c command, args []string, stdin string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, c.path, append(slices.Clone(c.args), args...)...)
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.env, t.TempDir(), strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if ctx.Err() != nil {
		r.Code = hung
	} else if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return r
}

// line is one command line in two forms: where options stand between words,
// Python before 3.12.7 is given them in front.
type line struct {
	command      string
	format       string
	ours, python []string
	stdin        string
	equalsSign   bool // a context value holds "="
	words        bool // a version is no number
}

func (l line) changes() bool {
	return l.command == "put" || l.command == "putall" || l.command == "delete" || l.command == "setup"
}

// judge says whether the outcomes are equal, or differ as listed.
func (l line) judge(python, ours result) (why string, ok bool) {
	switch {
	case python.Code == hung:
		return "getall hangs (#211)", ours.Code == 1 && ours.Stdout == ""
	case l.command == "putall" && python.Code == 0 && python.Stderr != "":
		return "putall hides failures (#311)", ours.Code == 1 && ours.Stdout == python.Stdout
	case l.equalsSign && python.Code == 2:
		return "= in a context value", ours.Code == 1 || ours.Code == 2
	case l.words && strings.Contains(python.Stderr, "invalid literal for int()"):
		return "get -v of a version that is no number", ours.Code == 1 || ours.Code == 0
	case python.Code != ours.Code:
		return "exit codes", false
	case strings.HasPrefix(python.Stdout, "usage: "):
		theirs, _, _ := strings.Cut(python.Stdout, "\n\n")
		return "help texts", strings.HasPrefix(ours.Stdout, theirs+"\n\n")
	case l.format == "csv" || l.format == "dotenv": // whose order is chance there
		return "equal", cmp.Equal(sortedLines(python.Stdout), sortedLines(ours.Stdout))
	}
	if python.Stdout != ours.Stdout {
		return "output", false
	}
	return "equal", true
}

func sortedLines(s string) []string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return lines
}

func sameTables(t *testing.T, when string, ours, theirs result) {
	t.Helper()
	if ours.Stdout != theirs.Stdout {
		t.Errorf("%s the tables differ (-Python +ours):\n%s", when, cmp.Diff(theirs.Stdout, ours.Stdout))
	}
}

// sameValues opens every version on both sides, with whichever context fits.
func sameValues(t *testing.T, g *lineMaker, ours, theirs command) {
	t.Helper()
	opened := 0
	for entry := range strings.Lines(ours.want(t, 0, "list").Stdout) {
		name, rest, _ := strings.Cut(entry, " -- version ")
		version, _, _ := strings.Cut(rest, " ")
		name = strings.TrimRight(name, " ")
		if strings.Contains(name, "*") {
			continue // get takes it for a pattern
		}
		for _, c := range g.contexts {
			args := append([]string{"get", "-n", "-v", version, "--", name}, c...)
			a, b := ours.run(t, args...), theirs.run(t, args...)
			if a.Code != b.Code || a.Stdout != b.Stdout {
				t.Errorf("%s version %s with %q: ours %+v, Python's %+v", name, version, c, a, b)
			}
			if a.Code == 0 {
				opened++
			}
		}
	}
	if opened == 0 {
		t.Error("nothing could be opened")
	}
}

// dumpTable has what list does not show.
func dumpTable(t *testing.T, a account) string {
	t.Helper()
	return newCommand(t, program(t, "python3"), a.env).want(t, 0, "-c", `
import boto3
t = boto3.resource("dynamodb").Table("credential-store")
for i in sorted(t.scan()["Items"], key=lambda i: (i["name"], i["version"])):
    print(i["name"], i["version"], i["digest"], i.get("comment"), sorted(set(i) - {"comment"}), len(i["contents"]))`).Stdout
}

// lineMaker makes random command lines of credstash's grammar.
type lineMaker struct {
	*rand.Rand
	file     string
	contexts [][]string
}

func newLineMaker(t *testing.T, seed uint64) *lineMaker {
	return &lineMaker{
		Rand: rand.New(rand.NewPCG(seed, 0)), file: writeFile(t, t.TempDir(), "value", "from a file\r\nwith 'lines'\n"),
		contexts: [][]string{{}, {"env=prod"}, {"env=prod", "app.tier=wéb"}},
	}
}

func pick[T any](g *lineMaker, from ...T) T { return from[g.IntN(len(from))] }

func (g *lineMaker) chance(percent int) bool { return g.IntN(100) < percent }

func (g *lineMaker) name() string {
	return pick(g, "db", "db.password", "web/key", "ünï.côde", "two words", "a+b", "Case", "case", "-5")
}

func (g *lineMaker) pattern() string {
	return pick(g, "*", "db*", "d.*", "[dw]*", "*e", "Case*", "nothing*", "db.p*d")
}

func (g *lineMaker) version() string {
	return pick(g, "1", "2", "3", "10", "007", "0", "0000000000000000002", "v5", "2019-01-01", "99")
}

func (g *lineMaker) value() string {
	return pick(g, "one", "", "multi\nline\n", "it's", "-5", "yes", "grüße 🔑 \x7f", "a: b # c", "@"+g.file, "@nowhere", "-", "1e3", "comma, \"quoted\"",
		strings.Repeat("long words ", 15), "{\"json\": [1]}")
}

func (g *lineMaker) next(i int) line {
	if i == 0 {
		return line{command: "setup", ours: []string{"setup"}, python: []string{"setup"}}
	}
	l := line{command: pick(g, "put", "put", "put", "put", "get", "get", "get", "get", "list", "keys", "delete", "putall", "setup", "getall", "wrong"), stdin: "from standard\rinput\r\n"}
	if l.command == "getall" && g.chance(50) {
		l.command = "get"
	}
	words, options := g.words(&l)
	globals := g.globals()
	if l.command == "wrong" {
		l.ours = append(globals, g.wrong()...)
		l.python = l.ours
		return l
	}
	l.python = slices.Concat(globals, []string{l.command}, slices.Concat(options...), words)
	l.ours = slices.Clone(l.python)
	if g.chance(40) && !slices.Contains(words, "--") {
		// Anywhere, but for between pairs, which no Python joins again.
		before := map[string]int{"put": 2, "putall": 1, "get": 1}[l.command]
		at := pick(g, g.IntN(before+1), len(words))
		l.ours = slices.Concat(globals, []string{l.command}, words[:at], slices.Concat(options...), words[at:])
	}
	return l
}

func (g *lineMaker) words(l *line) (words []string, options [][]string) {
	context := pick(g, g.contexts...)
	if g.chance(5) {
		context = pick(g, []string{"nopair"}, []string{"=x"}, []string{"x="}, []string{"a=b", "a=c"})
	}
	switch l.command {
	case "put":
		return append([]string{g.name(), g.value()}, context...), g.writeOptions()
	case "putall":
		text := pick(g, `{"db": "x", "all.a": "1"}`, `{"all.b": 2, "all.c": "c\u00e9"}`, `{`, `[1]`, `{}`, `{"all.d": null, "Case": ""}`)
		return append([]string{text}, context...), g.writeOptions()
	case "get":
		name := g.name()
		if g.chance(25) {
			name = g.pattern()
		}
		if g.chance(4) {
			context, l.equalsSign = []string{"k=a=b"}, true
		}
		return append([]string{name}, context...), g.readOptions(l)
	case "getall":
		return context, g.readOptions(l)
	case "delete":
		return []string{g.name()}, nil
	}
	return nil, nil
}

func (g *lineMaker) writeOptions() (o [][]string) {
	if g.chance(50) {
		o = append(o, []string{pick(g, "-a", "--autoversion", "--auto")})
	}
	if g.chance(50) {
		v := g.version()
		o = append(o, pick(g, []string{"-v", v}, []string{"-v" + v}, []string{"--version=" + v}, []string{"--ver", v}))
	}
	if g.chance(25) {
		o = append(o, pick(g, []string{"-c", "a comment"}, []string{"--comment=ünï"}, []string{"-cx"}, []string{"-c", ""}))
	}
	if g.chance(25) {
		o = append(o, pick(g, []string{"-d", "SHA512"}, []string{"-dMD5"}, []string{"--dig", "SHA"}, []string{"-d", "sha256"}))
	}
	if g.chance(15) {
		o = append(o, pick(g, []string{"-k", "alias/credstash"}, []string{"-kalias/nowhere"}))
	}
	g.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
	return o
}

func (g *lineMaker) readOptions(l *line) (o [][]string) {
	if l.command == "get" && g.chance(40) {
		o = append(o, []string{pick(g, "-n", "--noline", "--nol", "-nn")})
	}
	if g.chance(30) {
		v := g.version()
		l.words = strings.Trim(v, "0123456789") != ""
		o = append(o, pick(g, []string{"-v", v}, []string{"-v=" + v}, []string{"--version", v}))
	}
	if g.chance(40) {
		l.format = pick(g, "json", "yaml", "csv", "dotenv", "xml")
		o = append(o, pick(g, []string{"-f", l.format}, []string{"-f" + l.format}, []string{"--form=" + l.format}))
	}
	g.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
	return o
}

func (g *lineMaker) globals() (words []string) {
	if g.chance(15) {
		words = append(words, pick(g, []string{"-r", "eu-west-1"}, []string{"--reg=eu-west-1"}, []string{"-reu-west-1"})...)
	}
	if g.chance(15) {
		words = append(words, pick(g, []string{"-t", "credential-store"}, []string{"--tab", "credential-store"})...)
	}
	if g.chance(10) {
		words = append(words, "--kms-region", "eu-west-1")
	}
	if g.chance(5) {
		words = append(words, "-n", "arn:aws:iam::123456789012:role/reader")
	}
	return words
}

// wrong lines are refused, or fail.
func (g *lineMaker) wrong() []string {
	return pick(g, []string{"bogus"}, []string{"get"}, []string{"put"}, []string{"list", "x"}, []string{"get", "-r", "x", "y"},
		[]string{"-p", "a", "-n", "b", "list"}, []string{"--log", "x", "list"}, []string{"get", "db", "-v"}, []string{"-t", "nowhere", "list"},
		[]string{"-t", "nowhere", "get", "db"}, []string{"-r", "us-west-1", "keys"}, []string{"-p", "nobody", "list"}, []string{"--log-level", "LOUD", "keys"},
		[]string{"get", "-Z", "db"}, []string{"delete"}, []string{"delete", "db", "x"}, []string{"setup", "--tags", "x"}, []string{})
}
