package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// testNames tests that similar names are different secrets.
func testNames(t *testing.T, s *suite) {
	names := []string{"db", "db.password", "db-password", "db_password", "DB", "Db.Password", "a.b.c.d", "7", strings.Repeat("long", 60)}
	expectNames(t, s, names)
}

func testOddNames(t *testing.T, s *suite) {
	names := []string{
		"with space", " lead", "trail ", "path/to/it", "/abs", "a:b", "ssm:x", "q?k=v&l=w", "100%", "%41", "a=b", "*", "a*", `quo"te's`, `back\slash`,
		"pässwörd", "名前", "🔐", "e\u0301", "\u00e9", // two forms of é, which must stay distinct
		"tab\there", "line\nbreak", "nul\x00byte", "..", ".", "$HOME", "`id`", "-flag", strings.Repeat("é", 500),
	}
	expectNames(t, s, names)
}

func expectNames(t *testing.T, s *suite, names []string) {
	t.Helper()
	want := map[source.Ref]string{}
	for _, n := range names {
		r := s.ref(n, "")
		want[r] = canary + " of " + n
		s.put(t, r, want[r])
	}
	s.expect(t, want)
	for _, n := range []string{"d", "db.", "db.passwor", "db.password.", "dB", "nothing"} {
		r := s.ref(n, "")
		expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
	}
}

// testValues tests that values are stored byte for byte.
func testValues(t *testing.T, s *suite) {
	values := map[string]string{
		"word":      "word",
		"newline":   "line\n",
		"crlf":      "line1\r\nline2\r\n",
		"spaces":    "  both ends  ",
		"unicode":   "pässwörd ✓ 秘密 🔐",
		"specials":  `"quoted" 'single' $VAR {{.x}} \back <&>`,
		"base64":    "d29yZA==",
		"json":      `{"a": "b"}`,
		"sixteen":   "sixteen bytes ok",
		"seventeen": "seventeen bytes..",
	}
	if !s.b.NoEmpty {
		values["empty"] = ""
	}
	if !s.b.TextOnly {
		values["binary"], values["nul"], values["broken"] = allBytes(), "\x00", "text \xff\xfe"
	}
	if s.b.MaxSize == 0 {
		values["100k"] = strings.Repeat("0123456789abcde\n", 100*1024/16)
		values["bundle"] = strings.Repeat(strings.Repeat("M", 64)+"\n", 2000)
	} else {
		values["largest"] = strings.Repeat("x", s.b.MaxSize)
	}
	want := map[source.Ref]string{}
	for name, value := range values {
		r := s.ref(name, "")
		s.put(t, r, value)
		want[r] = value
	}
	s.expect(t, want)
}

func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// testContexts tests that contexts must have the same pairs, byte for byte, in any order.
func testContexts(t *testing.T, s *suite) {
	right := map[string][]string{
		"none":    nil,
		"one":     {"env", "prod"},
		"two":     {"env", "prod", "app", "web"},
		"case":    {"Env", "Prod"},
		"dots":    {"app.tier", "a.b"},
		"unicode": {"名", "値", "app", "wéb"},
		"equals":  {"k", "a=b&c"},
		"empty":   {"k", ""},
		"spaces":  {" k ", " v "},
	}
	want := map[source.Ref]string{}
	for name, pairs := range right {
		r := s.ref(name, "", pairs...)
		want[r] = canary + " of " + name
		s.put(t, r, want[r])
	}
	s.expect(t, want)

	wrong := []source.Ref{
		s.ref("none", "", "env", "prod"), // extra
		s.ref("one", ""),                 // missing
		s.ref("one", "", "env", "dev"),
		s.ref("one", "", "Env", "prod"),
		s.ref("one", "", "env", "Prod"),
		s.ref("one", "", "env", "prod", "app", "web"),
		s.ref("one", "", "en", "vprod"), // the same letters
		s.ref("one", "", "env", "prod "),
		s.ref("two", "", "env", "prod"),
		s.ref("two", "", "env", "web", "app", "prod"), // exchanged
		s.ref("two", "", "envprod", "appweb"),
		s.ref("case", "", "env", "prod"),
		s.ref("empty", ""),
		s.ref("spaces", "", "k", "v"),
	}
	got := s.fetch(t, wrong...)
	for _, r := range wrong {
		expectError(t, r, got[r], source.ErrWrongContext)
	}
}

// testVersions tests that the newest version is the last in byte order, and that other
// versions are found padded or as they are.
func testVersions(t *testing.T, s *suite) {
	stored := map[string][]string{
		"padded": {"0000000000000000001", "0000000000000000009", "0000000000000000010"},
		"mixed":  {"0000000000000000010", "0000000000000000009", "9", "10"},
		"words":  {"0000000002019-01-01", "v5", "1.0", "0000000000000000000"},
		"both":   {"7", "0000000000000000007"},
	}
	for name, versions := range stored {
		for _, v := range versions {
			s.put(t, s.ref(name, v), name+" "+v)
		}
	}
	s.expect(t, map[source.Ref]string{
		s.ref("padded", ""):                    "padded 0000000000000000010",
		s.ref("padded", "9"):                   "padded 0000000000000000009",
		s.ref("padded", "0000000000000000009"): "padded 0000000000000000009",
		s.ref("mixed", ""):                     "mixed 9",
		s.ref("mixed", "10"):                   "mixed 0000000000000000010",
		s.ref("mixed", "9"):                    "mixed 0000000000000000009",
		s.ref("words", ""):                     "words v5",
		s.ref("words", "1.0"):                  "words 1.0",
		s.ref("words", "2019-01-01"):           "words 0000000002019-01-01",
		s.ref("words", "0"):                    "words 0000000000000000000",
		s.ref("both", "7"):                     "both 0000000000000000007",
		s.ref("both", ""):                      "both 7",
	})
	for _, r := range []source.Ref{s.ref("padded", "2"), s.ref("padded", "0000000000000000011"), s.ref("missing", "1")} {
		expectError(t, r, s.fetch(t, r)[r], source.ErrNotFound)
	}
}

// testBatch tests a batch of 500.
func testBatch(t *testing.T, s *suite) {
	want := map[source.Ref]string{}
	for i := range 500 {
		r := s.ref(fmt.Sprintf("batch.%03d", i), "")
		want[r] = fmt.Sprintf("value %d", i)
		s.put(t, r, want[r])
	}
	s.expect(t, want)
	if got := s.fetch(t); got == nil || len(got) != 0 {
		t.Errorf("no refs: got %v", got)
	}
}

// testMixedBatch tests that failures do not affect other results of the batch.
func testMixedBatch(t *testing.T, s *suite) {
	want := map[source.Ref]error{}
	for i := range 20 {
		r := s.ref(fmt.Sprintf("good.%d", i), "")
		s.put(t, r, canary)
		want[r] = nil
		want[s.ref(fmt.Sprintf("missing.%d", i), "")] = source.ErrNotFound
		if !s.b.NoContexts {
			want[s.ref(fmt.Sprintf("good.%d", i), "", "env", "prod")] = source.ErrWrongContext
		}
		if !s.b.NoVersions {
			want[s.ref(fmt.Sprintf("good.%d", i), "2")] = source.ErrNotFound
		}
	}
	got := fetchAll(t, s, want)
	for r, err := range want {
		if err != nil {
			expectError(t, r, got[r], err)
			continue
		}
		expectValue(t, r, got[r], canary)
	}
}

// testAtOnce tests concurrent batches.
func testAtOnce(t *testing.T, s *suite) {
	want := map[source.Ref]string{}
	for i := range 20 {
		r := s.ref(fmt.Sprintf("n%d", i), "")
		want[r] = fmt.Sprintf("value %d", i)
		s.put(t, r, want[r])
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { s.expect(t, want) })
	}
	wg.Wait()
}

// testCancelled tests that each ref has a result if ctx ends before or during the batch,
// and that no existing secret is reported missing.
func testCancelled(t *testing.T, s *suite) {
	var refs []source.Ref
	for i := range 100 {
		r := s.ref(fmt.Sprintf("n%d", i), "")
		if i%2 == 0 {
			s.put(t, r, canary)
		}
		refs = append(refs, r)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for r, res := range s.answers(ended, t, refs) {
		expectError(t, r, res, context.Canceled)
	}
	ending, cancel := context.WithCancel(t.Context())
	go cancel()
	for r, res := range s.answers(ending, t, refs) {
		switch {
		case errors.Is(res.Err, source.ErrNotFound), errors.Is(res.Err, context.Canceled):
			expectError(t, r, res, res.Err)
		default:
			expectValue(t, r, res, canary)
		}
	}
}

func (s *suite) answers(ctx context.Context, t *testing.T, refs []source.Ref) map[source.Ref]source.Result {
	t.Helper()
	got := s.b.Source.Fetch(ctx, refs)
	for _, r := range refs {
		if res, ok := got[r]; !ok || res.Err == nil && res.Secret.Reveal() == nil {
			t.Errorf("%s: no answer", r)
		}
	}
	return got
}
