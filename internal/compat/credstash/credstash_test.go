package credstash

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/store"
)

// bench is a command line over a local store, in place of DynamoDB and KMS: what the
// scripts of cmd/credrender cannot set up.
type bench struct {
	t     *testing.T
	home  string
	items *local.Store
	env   map[string]string
	where Where // of the last command
}

func newBench(t *testing.T) *bench {
	t.Helper()
	home := t.TempDir()
	o := local.Options{Path: filepath.Join(home, "store.db"), KeyPath: filepath.Join(home, "store.key")}
	if _, err := local.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, home: home, items: local.New(o), env: map[string]string{}}
}

type outcome struct {
	Code           int
	Stdout, Stderr string
}

func (b *bench) run(stdin string, args ...string) outcome {
	b.t.Helper()
	var stdout, stderr bytes.Buffer
	l := b.items
	f := &CommandLine{
		Machine: compat.Machine{
			ReadFile: os.ReadFile, ReadAll: io.ReadAll,
			Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
			LookupEnv: func(name string) (string, bool) { v, ok := b.env[name]; return v, ok },
			Now:       func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC) },
		},
		Home: b.home,
		Open: func(_ context.Context, w Where) (*Backend, error) {
			b.where = w
			return &Backend{
				Store:   store.New(store.Options{Reader: l, Scanner: l, Writer: l, VersionLister: l, Decrypter: l, DataKeyGenerator: l}),
				History: l,
			}, nil
		},
	}
	code := f.Run(b.t.Context(), args)
	return outcome{code, stdout.String(), stderr.String()}
}

func (b *bench) want(want outcome, args ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.run("", args...)); diff != "" {
		b.t.Errorf("%q (-want +got):\n%s", args, diff)
	}
}

// copyAs stores the newest version of a name again under a version as it is
// given, which the command line cannot.
func (b *bench) copyAs(name, version string) {
	b.t.Helper()
	it, err := b.items.Newest(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	it.Version = version
	if err := b.items.Put(b.t.Context(), it); err != nil {
		b.t.Fatal(err)
	}
}

func TestUnpaddedVersions(t *testing.T) {
	b := newBench(t)
	b.want(outcome{0, "db has been stored\n", ""}, "put", "-v", "2", "db", "old")
	b.copyAs("db", "9")
	b.want(outcome{0, "old\n", ""}, "get", "db") // the newest by number too
	b.want(outcome{0, "old\n", ""}, "get", "db", "-v", "9")
	hidden := "credstash: warning: db: version 0000000000000000010 was stored, but get still returns version 9, which is not padded and sorts after it\n"
	b.want(outcome{0, "db has been stored\n", hidden}, "put", "-a", "db", "new")
	hides := "credstash: warning: db: version 9 hides version 0000000000000000010, because it is not padded and sorts after it\n"
	b.want(outcome{0, "old\n", hides}, "get", "db")
	b.want(outcome{0, "new\n", ""}, "get", "db", "-v", "10")
	b.want(outcome{0, "db,old\n\n", hides}, "getall", "-f", "csv")
	b.want(outcome{0, "db,old\n", hides}, "get", "-f", "csv", "d*")
	r := b.run("", "put", "-a", "db", "newer")
	if r.Code != exitFailed || !strings.Contains(r.Stderr, "version 0000000000000000010 is already") {
		t.Errorf("a second put -a: %+v", r)
	}
	b.want(outcome{0, "db has been stored\n", strings.Replace(hidden, "10 ", "11 ", 1)}, "put", "-v", "11", "db", "newer")
}

func TestVersionsAsPythonReadsThem(t *testing.T) {
	b := newBench(t)
	b.want(outcome{0, "x has been stored\n", ""}, "put", "-v", "", "x", "zero")
	b.want(outcome{0, "x has been stored\n", ""}, "put", "x", "one")
	b.want(outcome{0, "x has been stored\n", ""}, "put", "-v", "12", "x", "twelve")
	for version, want := range map[string]string{
		"0": "zero", "1": "one", " 1 ": "one", "+1": "one", "01": "one", "1_2": "twelve", "0000000000000000012": "twelve",
	} {
		b.want(outcome{0, want + "\n", ""}, "get", "x", "-v", version)
	}
	for _, version := range []string{"1.0", "0x1", "1__2", "-1", "two", "000000000000000000012"} {
		if r := b.run("", "get", "x", "-v", version); r.Code != exitFailed || r.Stdout != "" {
			t.Errorf("get -v %s: %+v", version, r)
		}
	}
}

func TestBytes(t *testing.T) {
	b := newBench(t)
	write := func(name, text string) string {
		path := filepath.Join(b.home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	binary := "\x00\xff\r\n\xfe"
	b.want(outcome{0, "bin has been stored\n", ""}, "put", "bin", "@"+write("bin", binary))
	b.want(outcome{0, binary, ""}, "get", "-n", "bin")
	b.want(outcome{1, "", errBinary.Error() + "\n"}, "get", "bin")
	b.want(outcome{1, "", "bin: " + errBinary.Error() + "\n1 of 1 failed\n"}, "get", "b*")
	write("crlf", "a\r\nb\rc\n")
	b.want(outcome{0, "text has been stored\n", "credstash: warning: line ends of @~/crlf were made \\n, as credstash does; 'credrender put' keeps them\n"},
		"put", "text", "@~/crlf")
	b.want(outcome{0, "a\nb\nc\n", ""}, "get", "-n", "text")
	if r := b.run("a\r\nb\r", "put", "piped", "-"); r.Code != 0 || r.Stderr != "" {
		t.Errorf("put -: %+v", r)
	}
	b.want(outcome{0, "a\r\nb\r", ""}, "get", "-n", "piped")
	if r := b.run(binary, "putall", "-"); r.Code != exitUsage || r.Stdout != "" {
		t.Errorf("putall of binary: %+v", r)
	}
}

func TestWhere(t *testing.T) {
	b := newBench(t)
	saved := filepath.Join(b.home, ".credstash")
	for _, c := range []struct {
		name, saved string
		env         map[string]string
		args        string
		want        Where
	}{
		{"nothing", "", nil, "keys", Where{Table: defaultTable, Key: defaultKey}},
		{"environment", "", map[string]string{"CREDSTASH_DEFAULT_TABLE": "t"}, "keys", Where{Table: "t", Key: defaultKey}},
		{"flag over environment", "", map[string]string{"CREDSTASH_DEFAULT_TABLE": "t"}, "-t u keys", Where{Table: "u", Key: defaultKey}},
		{"saved region", `{"kms-region": "us-west-2"}`, nil, "keys", Where{KMSRegion: "us-west-2", Table: defaultTable, Key: defaultKey}},
		{"flag over saved region", `{"kms-region": "us-west-2"}`, nil, "--kms-region k keys", Where{KMSRegion: "k", Table: defaultTable, Key: defaultKey}},
		{"no region saved", `{"kms-region": null}`, nil, "keys", Where{Table: defaultTable, Key: defaultKey}},
		{"role", "", nil, "-n arn -r r keys", Where{Region: "r", RoleARN: "arn", Table: defaultTable, Key: defaultKey}},
		{"profile", "", nil, "-p prof keys", Where{Profile: "prof", Table: defaultTable, Key: defaultKey}},
		{"key", "", nil, "put -k alias/k x y", Where{Table: defaultTable, Key: "alias/k"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(saved, []byte(c.saved), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.saved == "" {
				if err := os.Remove(saved); err != nil {
					t.Fatal(err)
				}
			}
			b.env = c.env
			if r := b.run("", strings.Fields(c.args)...); r.Code != 0 {
				t.Fatalf("%+v", r)
			}
			if diff := cmp.Diff(c.want, b.where); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPutall(t *testing.T) {
	b := newBench(t)
	b.want(outcome{0, "b has been stored\na has been stored\n", ""}, "putall", `  {"b": "1", "a": "x", "b": "\ud83d\udd11é\u0000"} `)
	b.want(outcome{0, "b has been stored\n", "credstash: warning: putall stores no comment, like credstash\n"},
		"putall", "-a", "-c", "why", `{"b": "2"}`)
	b.want(outcome{0, "a -- version 0000000000000000000 -- comment \n" +
		"b -- version 0000000000000000000 -- comment \nb -- version 0000000000000000001 -- comment \n", ""}, "list")
	for text, want := range map[string]string{
		``:                           "credentials: not JSON at byte 0\n",
		`[]`:                         "credentials: not a JSON object\n",
		`"canary"`:                   "credentials: not a JSON object\n",
		`{"a": "canary}`:             "credentials: not JSON at byte 14\n",
		`{"a": canary}`:              "credentials: not JSON at byte 7\n",
		`{"a": "x"} {"b": "canary"}`: "credentials: not JSON at byte 12\n",
		`{"a": "x"`:                  "credentials: not JSON at byte 9\n",
		`{"n": null}`:                "n: the value is not a string\n1 of 1 failed\n",
		`{"n": ["canary"]}`:          "n: the value is not a string\n1 of 1 failed\n",
		`{"n": "\ud800canary"}`:      "n: half of a surrogate pair, which is no text\n1 of 1 failed\n",
	} {
		b.want(outcome{1, "", want}, "putall", text)
	}
}

// -a finds the next version however many do the same at once.
func TestAutoversionLosesNone(t *testing.T) {
	b := newBench(t)
	const writers = 8
	codes := make([]int, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			codes[i] = (&bench{t: t, home: b.home, items: b.items}).run("", "put", "-a", "x", strconv.Itoa(i)).Code
		})
	}
	wg.Wait()
	stored := map[string]bool{}
	for i, code := range codes {
		if code != 0 {
			t.Errorf("writer %d exited %d", i, code)
		}
		stored[b.run("", "get", "-n", "x", "-v", strconv.Itoa(i+1)).Stdout] = true
	}
	if len(stored) != writers {
		t.Errorf("values stored: %v", stored)
	}
}

func TestPrompt(t *testing.T) {
	f := &session{CommandLine: &CommandLine{Machine: compat.Machine{Stdin: strings.NewReader("typed \nmore"), Stderr: &bytes.Buffer{}}}}
	got, err := f.askStdin("x: ")
	if err != nil || string(got) != "typed " {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := f.askStdin("x: "); err == nil {
		t.Error("a value from nothing")
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a*", "a", true}, {"a*", "ab", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"a*c", "abc", true}, {"a*", "a\n", true},
		{"a*b", "a\nb", false}, {"a.b*", "axb", true}, {"a[bc]d*", "acd", true}, {"a|b*", "xb", true}, {"a|b*", "xa", false}, {"(a)+*", "aa", true},
	} {
		match, err := pattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := match(c.name); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.name, got)
		}
	}
	if _, err := pattern("a(*"); err == nil {
		t.Error("a broken expression was taken")
	}
}

func TestLogFile(t *testing.T) {
	b := newBench(t)
	path := filepath.Join(b.home, "err.log")
	missing := outcome{1, "", "Item {'name': 'x'} couldn't be found.\n"}
	b.want(missing, "--log-file", path, "get", "x")
	b.want(missing, "--log-file", path, "--log-level", "CRITICAL", "get", "x")
	b.want(missing, "--log-file", path, "--log-level", "DEBUG", "get", "x")
	got, err := os.ReadFile(path)
	line := "2030-01-02 03:04:05,006 ERROR Item {'name': 'x'} couldn't be found.\n"
	if err != nil || string(got) != line+line {
		t.Errorf("log: %q, %v", got, err)
	}
}

func TestJSONAndDotenv(t *testing.T) {
	values := map[string]string{"ß.é": "\x00\x7f\u2028🔑\b\f\"\\/<", "a": ""}
	want := "{\n    \"a\": \"\",\n    \"\\u00df.\\u00e9\": \"\\u0000\\u007f\\u2028\\ud83d\\udd11\\b\\f\\\"\\\\/<\"\n}"
	if got := dumpJSON(values); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, want := dumpDotenv(map[string]string{"ß.é-x": "it's"}), "SS.É-X='it's'\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := dumpCSV(map[string]string{"a,b": "x\"y", "c": "\r", "d": " "}), "\"a,b\",\"x\"\"y\"\nc,\"\r\"\nd, \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
