package hook_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/pkg/source"
)

func masker(values ...string) *hook.Masker {
	var secrets []source.Secret
	for _, v := range values {
		secrets = append(secrets, source.NewSecret([]byte(v)))
	}
	return hook.NewMasker(secrets)
}

func TestMask(t *testing.T) {
	const odd = `p&ss "w'rd"/€ $x\` + "\t" + `<1>`
	js, err := json.Marshal(odd)
	if err != nil {
		t.Fatal(err)
	}
	upper := strings.ToUpper
	tests := map[string]struct{ secret, text, want string }{
		"plain":                 {"hunter2hunter2", "pw=hunter2hunter2;", "pw=(secret);"},
		"every time":            {"hunter2!", "hunter2! hunter2!x", "(secret) (secret)x"},
		"seven bytes":           {"hunter2", "pw=hunter2", "pw=hunter2"},
		"eight bytes":           {"hunter2x", "pw=hunter2x", "pw=(secret)"},
		"absent":                {"hunter2hunter2", "pw=hunter3hunter2", "pw=hunter3hunter2"},
		"empty":                 {"", "text that stays", "text that stays"},
		"short text":            {"hunter2hunter2", "hunter2", "hunter2"},
		"binary":                {"\x00\xff\xfe\x01binary", "a\x00\xff\xfe\x01binary", "a(secret)"},
		"final newline trimmed": {"hunter2hunter2\n", "pw=hunter2hunter2;", "pw=(secret);"},
		"encoded without it":    {"hunter2hunter2\n", base64.StdEncoding.EncodeToString([]byte("hunter2hunter2")), "(secret)"},
		"JSON":                  {odd, `{"p":` + string(js) + `}`, `{"p":"(secret)"}`},
		"JSON without HTML":     {"<hunter2>\"&", `{"p":"<hunter2>\"&"}`, `{"p":"(secret)"}`},
		"JSON in ASCII":         {"pässwörtchen", `"p\u00e4ssw\u00f6rtchen"`, `"(secret)"`},
		"literal":               {odd, fmt.Sprintf("bad value %q in", odd), `bad value "(secret)" in`},
		"query":                 {odd, "u?p=" + url.QueryEscape(odd) + "&x", "u?p=(secret)&x"},
		"path":                  {odd, "u/" + url.PathEscape(odd) + "/x", "u/(secret)/x"},
		"lower-case percents":   {"a/b/c/d?e", "u=a%2fb%2fc%2fd%3fe", "u=(secret)"},
		"URI component":         {"a b/c d e", "u=a%20b%2Fc%20d%20e", "u=(secret)"},
		"single quotes":         {odd, "x='" + strings.ReplaceAll(odd, "'", `'\''`) + "'", "x='(secret)'"},
		"Python's quotes":       {"it's secret", `'it'"'"'s secret'`, "'(secret)'"},
		"double quotes":         {`pa$$w"rd!`, `x="pa\$\$w\"rd!"`, `x="(secret)"`},
		"backslashes":           {"pa$$ w'rd", `x=pa\$\$\ w\'rd`, "x=(secret)"},
		"hex":                   {odd, hex.EncodeToString([]byte(odd)), "(secret)"},
		"HEX":                   {odd, upper(hex.EncodeToString([]byte(odd))), "(secret)"},
		"base64":                {odd, base64.StdEncoding.EncodeToString([]byte(odd)), "(secret)"},
		"base64 unpadded":       {odd, base64.RawStdEncoding.EncodeToString([]byte(odd)), "(secret)"},
		"base64 for URLs":       {"\xfb\xff\xbf\xfb\xff\xbf\xfb\xff", base64.URLEncoding.EncodeToString([]byte("\xfb\xff\xbf\xfb\xff\xbf\xfb\xff")), "(secret)"},
		"its lines":             {"first line\r\nshort\n  third line\n", "at 'first line': short, third line", "at '(secret)': short, (secret)"},
		"strings in JSON":       {`{"user":"bob","l":["c3R5bGVk&"]}`, "bob:c3R5bGVk& c3R5bGVk%26", "bob:(secret) (secret)"},
		"numbers in JSON":       {`{"pin":9007199254740993,"port":5432}`, "pin 9007199254740993 of 5432", "pin (secret) of 5432"},
		"values in YAML":        {"db:\n  user: bob\n  password: 'hunter2: x'\n- token: c3R5bGVk\n", "bob: hunter2: x c3R5bGVk", "bob: (secret) (secret)"},
		"values in INI":         {"[db]\nuser = bob\npassword = \"hunter2=x\"\nTOKEN=c3R5bGVk\n", "bob: hunter2=x c3R5bGVk", "bob: (secret) (secret)"},
		"broken into lines":     {"hunter2-Hunter2", "pw=hunte\nr2-Hu\nnter2\n;", "pw=(secret)\n;"},
		"base32 inside":         {"hunter2-hunter2", base32.StdEncoding.EncodeToString([]byte("use hunter2-hunter2!")), "(secret)"},
		"upper case":            {"hunter2-Hunter2", "pw=HUNTER2-HUNTER2;", "pw=(secret);"},
		"lower case":            {"Hunter2 Häß!", "pw=hunter2%20h%c3%a4%c3%9f!;", "pw=(secret);"},
		"base32":                {odd, base32.StdEncoding.EncodeToString([]byte(odd)), "(secret)"},
		"base32 in lower case":  {"hunter2x", strings.ToLower(base32.StdEncoding.EncodeToString([]byte("hunter2x"))), "(secret)"},
		"wrapped in JSON":       {"hunter2-hunter2", `"aHVudGVy\nMi1odW50\r\nZXIy\n"`, `"(secret)\n"`},
		"hexdump -C":            {"hunter2-hunter2-hunter2\n", "x\n00000000  68 75 6e 74 65 72 32 2d  68 75 6e 74 65 72 32 2d  |hunter2-hunter2-|\n00000010  68 75 6e 74 65 72 32 0a                           |hunter2.|\n00000018\n", "x\n(secret)\n00000018\n"},
		"hexdump":               {"hunter2-hunter2-hunter2", "0000000 7568 746e 7265 2d32 7568 746e 7265 2d32\n0000010 7568 746e 7265 0a32\n0000018\n", "(secret)\n0000018\n"},
		"xxd":                   {"hunter2-hunter2-hunter2", "00000000: 6875 6e74 6572 322d 6875 6e74 6572 322d  hunter2-hunter2-\n00000010: 6875 6e74 6572 320a                      hunter2.\n", "(secret)\n"},
		"od -tx1":               {"hunter2-hunter2-hunter2", "0000000 68 75 6e 74 65 72 32 2d 68 75 6e 74 65 72 32 2d\n0000020 68 75 6e 74 65 72 32 0a\n0000030\n", "(secret)\n0000030\n"},
		"another dump":          {"hunter2-hunter2-hunter2", "00000000  68 75 6e 74 65 72 33 2d  |hunter3-|\n", "00000000  68 75 6e 74 65 72 33 2d  |hunter3-|\n"},
		"decoded base64":        {"aHVudGVyMmh1bnRlcjI=\n", "pw=hunter2hunter2 68756e7465723268756e74657232", "pw=(secret) (secret)"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := masker(tc.secret).Mask(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// What other programs' encoders make of a value is masked, quotes around it
// excepted: nothing of it is left but what stands around it.
func TestMaskRecorded(t *testing.T) {
	for _, r := range recorded() {
		got := masker(r.value).Mask("before " + r.text + " after")
		rest := strings.NewReplacer("before", "", "(secret)", "", "after", "").Replace(got)
		if !strings.Contains(got, "(secret)") || strings.Trim(rest, " \n\"'`\\$=bv") != "" {
			t.Errorf("%s: %q became %q", r.by, r.text, got)
		}
	}
}

// An Authorization header holds the secret at any of three alignments.
func TestMaskBase64Inside(t *testing.T) {
	const secret = "\xfb\xefhunter2-hunter2"
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		for _, before := range []string{"", "u", "us", "use", "user:"} {
			for _, after := range []string{"", "a", "af", "aft"} {
				text := enc.EncodeToString([]byte(before + secret + after))
				got := masker(secret).Mask("Basic " + text + "!")
				kept := strings.Replace(strings.TrimSuffix(strings.TrimPrefix(got, "Basic "), "!"), "(secret)", "", 1)
				kept = strings.TrimRight(kept, "=")
				if !strings.Contains(got, "(secret)") || len(kept) > (len(before)*8+5)/6+(len(after)*8+5)/6 {
					t.Errorf("%q %q: %s became %s", before, after, text, got)
				}
			}
		}
	}
}

func TestMaskOverlaps(t *testing.T) {
	for _, tc := range []struct {
		secrets    []string
		text, want string
	}{
		{[]string{"hunter2hunter2", "hunter2hunter2-and-more"}, "x hunter2hunter2-and-more", "x (secret)"},
		{[]string{"abcdefgh1234", "1234ijklmnop"}, "abcdefgh1234ijklmnop.", "(secret)."},
		{[]string{"abcdefghij", "klmnopqrst"}, "abcdefghij klmnopqrst", "(secret) (secret)"},
	} {
		if got := masker(tc.secrets...).Mask(tc.text); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// A command that is ended may be cut in the middle of a value.
func TestMaskBeginningAtTheEnd(t *testing.T) {
	m := masker("hunter2hunter2hunter2")
	if got, want := m.Mask("pw=hunter2hunter"), "pw=(secret)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := m.Mask("pw=hunter2hunter more"), "pw=hunter2hunter more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMaskNil(t *testing.T) {
	var m *hook.Masker
	if got := m.Mask("some longer text"); got != "some longer text" {
		t.Errorf("got %q", got)
	}
}

func TestMaskerDoesNotPrintSecrets(t *testing.T) {
	m := masker("hunter2hunter2")
	if got := fmt.Sprintf("%v %+v %#v %s", m, *m, m, m); strings.Contains(got, "hunter2") {
		t.Error(got)
	}
}

// Any form that the standard library makes of random bytes is masked wherever
// it stands.
func FuzzMask(f *testing.F) {
	f.Add([]byte("hunter2hunter2"), "a", "b")
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07"), "", "")
	f.Add([]byte(`{"a":"<b>& €'\"$x"}`), "x=", "\n")
	f.Add([]byte("        \n12345678"), "=", "==")
	f.Fuzz(func(t *testing.T, value []byte, before, after string) {
		if len(value) < hook.MaskMin {
			return
		}
		m := hook.NewMasker([]source.Secret{source.NewSecret(value)})
		quoted := strconv.Quote(string(value))
		for _, form := range []string{
			string(value), quoted[1 : len(quoted)-1], url.QueryEscape(string(value)), url.PathEscape(string(value)),
			hex.EncodeToString(value), base64.StdEncoding.EncodeToString(value), base64.RawURLEncoding.EncodeToString(value),
		} {
			if len(form) < hook.MaskMin || strings.Contains("(secret)", form) {
				continue
			}
			got := m.Mask(before + form + after)
			if strings.Count(got, form) > strings.Count(before+"(secret)"+after, form) {
				t.Errorf("%q is in %q", form, got)
			}
		}
	})
}

// The worst that a host may hold: it costs a moment, and only after a failure.
func BenchmarkMask(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	secrets := make([]source.Secret, 500)
	for i := range secrets {
		v := make([]byte, 100<<10)
		for j := range v {
			v[j] = byte(r.UintN(256))
		}
		if i%2 == 0 {
			v = []byte(base64.StdEncoding.EncodeToString(v))
			for j := 64; j < len(v); j += 65 {
				v[j] = '\n'
			}
		}
		secrets[i] = source.NewSecret(v)
	}
	m := hook.NewMasker(secrets)
	text := string(bytes.Repeat([]byte("nginx: [emerg] unexpected end of file\n"), 20000))
	for b.Loop() {
		m.Mask(text)
	}
}
