package funcs_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// checks are the checks of all quoters: each reads back what its quoter wrote.
func checks() map[string]func(testing.TB, string) {
	return map[string]func(testing.TB, string){
		"pgpass": checkPgpass, "ini": checkINI, "properties": checkProperties, "xml": checkXML,
		"shell": checkShell, "env": checkEnv, "json": checkJSON, "nginx": checkNginx,
	}
}

// TestQuotersReadBack checks random values much faster than the fuzzer makes new ones.
// QUOTER_VALUES is how many for each quoter: make fuzz-quoters has ten million.
func TestQuotersReadBack(t *testing.T) {
	count := 20_000
	if s := os.Getenv("QUOTER_VALUES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	for name, check := range checks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(19, uint64(len(name))<<8+uint64(name[0])))
			for range count {
				if check(t, randomValue(random)); t.Failed() {
					return
				}
			}
			t.Logf("%d values", count)
		})
	}
}

func FuzzShellQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkShell(t, s) })
}

func checkShell(t testing.TB, s string) {
	t.Helper()
	quoted, ok := quotedUnlessZero(t, funcs.ShellQuote, s)
	if got, whole := readShell(quoted); ok && (!whole || got != s) {
		t.Errorf("a shell reads %q as %q, %v, want %q", quoted, got, whole, s)
	}
}

func FuzzEnvQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkEnv(t, s) })
}

func checkEnv(t testing.TB, s string) {
	t.Helper()
	quoted, ok := quotedUnlessZero(t, funcs.EnvQuote, s)
	if !ok {
		return
	}
	if got, whole := readShell(quoted); !whole || got != s {
		t.Errorf("a shell reads %q as %q, %v, want %q", quoted, got, whole, s)
	}
	if got, whole := readEnvironmentFile(quoted); !whole || got != s {
		t.Errorf("systemd reads %q as %q, %v, want %q", quoted, got, whole, s)
	}
}

func FuzzNginxQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkNginx(t, s) })
}

func checkNginx(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.NginxQuote(s)
	if refused := strings.ContainsAny(s, "$\x00"); refused || err != nil {
		if refused != (err != nil) {
			t.Errorf("%q: %v", s, err)
		}
		return
	}
	if got, whole := readNginx(quoted); !whole || got != s {
		t.Errorf("nginx reads %q as %q, %v, want %q", quoted, got, whole, s)
	}
}

func FuzzJSONQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkJSON(t, s) })
}

func checkJSON(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.JSONQuote(s)
	if err != nil {
		if utf8.ValidString(s) {
			t.Errorf("%q: %v", s, err)
		}
		return
	}
	var got string
	if err := json.Unmarshal([]byte(quoted), &got); err != nil || got != s {
		t.Errorf("%q is read as %q, %v, want %q", quoted, got, err, s)
	}
}

// quotedUnlessZero quotes a value, which must succeed unless it has a zero byte.
func quotedUnlessZero(t testing.TB, quote func(string) (string, error), s string) (quoted string, ok bool) {
	t.Helper()
	quoted, err := quote(s)
	if strings.ContainsRune(s, 0) != (err != nil) {
		t.Errorf("%q: %v", s, err)
	}
	return quoted, err == nil
}

// readShell reads a text as a POSIX shell reads a word of an assignment (XCU 2.2). whole
// is false if it is more than one word, or the shell would expand a part of it.
func readShell(s string) (value string, whole bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			n := strings.IndexByte(s[i+1:], '\'')
			if n < 0 {
				return "", false
			}
			b.WriteString(s[i+1 : i+1+n])
			i += n + 1
		case c == '"':
			text, size, closed := readDoubleQuotes(s[i+1:], "$`")
			if !closed {
				return "", false
			}
			b.WriteString(text)
			i += size
		case c == '\\' && i+1 < len(s) && s[i+1] != '\n':
			i++
			b.WriteByte(s[i])
		case strings.IndexByte("\\$`;&|<>()#*?[~! \t\r\n", c) >= 0:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// readDoubleQuotes reads up to the closing quotation mark, and size includes that. The
// characters that expand must not stand there without a backslash.
func readDoubleQuotes(s, expand string) (text string, size int, closed bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i + 1, true
		case strings.IndexByte(expand, s[i]) >= 0:
			return "", 0, false
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\", s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\n':
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// readEnvironmentFile reads a value as systemd's parse_env_file does (src/basic/env-file.c):
// single quotes end at the next one, a backslash in double quotes escapes "\`$ alone, and
// a bare value ends with its line.
func readEnvironmentFile(s string) (value string, whole bool) {
	switch {
	case strings.HasPrefix(s, "'"):
		text, rest, closed := strings.Cut(s[1:], "'")
		return text, closed && rest == ""
	case strings.HasPrefix(s, `"`):
		text, size, closed := readDoubleQuotes(s[1:], "")
		return text, closed && size == len(s)-1
	}
	return s, !strings.ContainsAny(s, "\\\r\n'\" \t")
}

// readNginx reads a parameter as ngx_conf_read_token does: inside double quotes a
// backslash before ", ' or \ is dropped, \t, \r and \n are control characters, and any
// other stays.
func readNginx(s string) (value string, whole bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), i == len(s)-1
		case s[i] == '\\' && i+1 < len(s):
			i++
			if at := strings.IndexByte(`"'\trn`, s[i]); at >= 0 {
				b.WriteByte("\"'\\\t\r\n"[at])
			} else {
				b.WriteString(s[i-1 : i+1])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
}
