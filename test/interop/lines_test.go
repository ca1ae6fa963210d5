//go:build interop

package interop

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
