package funcs_test

import (
	"encoding/xml"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

func TestQuoters(t *testing.T) {
	for _, c := range []struct {
		name, in, want string // want: empty for an error
		quote          func(string) (string, error)
	}{
		{"pgpass", `a:b\c#*`, `a\:b\\c#*`, funcs.PgpassQuote},
		{"pgpass wildcard", `*`, `\*`, funcs.PgpassQuote},
		{"pgpass comment", `#a`, `\#a`, funcs.PgpassQuote},
		{"pgpass line break", "a\nb", "", funcs.PgpassQuote},
		{"pgpass carriage return", "a\r", "", funcs.PgpassQuote},
		{"pgpass zero byte", "a\x00b", "", funcs.PgpassQuote},
		{"ini", `a;b #c=d:%(x)s 100%`, `a;b #c=d:%%(x)s 100%%`, funcs.INIQuote},
		{"ini blank at the end", "a ", "", funcs.INIQuote},
		{"ini separator of ASCII", "\x1fa", "", funcs.INIQuote},
		{"ini hard blank", "\u00a0a", "", funcs.INIQuote},
		{"ini line break", "a\nb", "", funcs.INIQuote},
		{"ini binary", "a\xff", "", funcs.INIQuote},
		{"properties", " a=b:c#d!e\\\t\né\U0001f600 f ", `\ a\=b\:c\#d\!e\\\u0009\u000A\u00E9\uD83D\uDE00 f\ `, funcs.PropertiesQuote},
		{"properties zero byte", "\x00", `\u0000`, funcs.PropertiesQuote},
		{"properties binary", "\xff", "", funcs.PropertiesQuote},
		{"xml", "<a b=\"c\" d='e'>&\t\r\n]]>", `&lt;a b=&#34;c&#34; d=&#39;e&#39;&gt;&amp;&#x9;&#xD;&#xA;]]&gt;`, funcs.XMLQuote},
		{"xml control character", "a\x01", "", funcs.XMLQuote},
		{"xml noncharacter", "a\uffff", "", funcs.XMLQuote},
		{"xml binary", "a\xff", "", funcs.XMLQuote},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.quote(c.in)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q: got %q, %v, want %q", c.in, got, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), c.in) {
				t.Errorf("the error quotes the value: %v", err)
			}
		})
	}
}

// seeds are values that one of the formats treats as special.
func seeds(f *testing.F) {
	for _, s := range []string{"", "*", "#x", ":", `\`, `\\:`, "%", "%(a)s", "%%", " a ", "\u0085a", "a\x1c", "a\nb", "\r",
		"]]>", "<a/>", "&amp;", "\x00", "\xff", "\uffff", "\U0001f600", "\ufeff", "=", "!", "\t", "\f", "é"} {
		f.Add(s)
	}
}

// randomValue has mostly characters that a format treats as special, and some bytes.
func randomValue(random *rand.Rand) string {
	const special = "\\:#;=!%()[]{}<>&\"'$* \t\r\n\f\x00\x1cuUnt0Aa-"
	var b []byte
	for range random.IntN(12) {
		switch random.IntN(16) {
		case 0:
			b = append(b, byte(random.IntN(256)))
		case 1:
			b = append(b, string([]rune("\u0085\u00a0é€\u2028\ufeff\uffff\U0001f600")[random.IntN(8)])...)
		default:
			b = append(b, special[random.IntN(len(special))])
		}
	}
	return string(b)
}

func FuzzPgpassQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkPgpass(t, s) })
}

func checkPgpass(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.PgpassQuote(s)
	if err != nil {
		if !strings.ContainsAny(s, "\x00\r\n") {
			t.Fatalf("%q: %v", s, err)
		}
		return
	}
	if got, ok := readPgpass(quoted+":5432:db:"+quoted+":"+quoted, s, "5432", "db", s); !ok || got != s {
		t.Errorf("libpq reads %q as %q, %v, want %q", quoted, got, ok, s)
	}
}

// readPgpass is the matching of passwordFromFile in libpq (fe-connect.c): a field that is
// only * matches everything, a backslash takes the next byte as it is, and the password
// ends at the first bare colon.
func readPgpass(line string, tokens ...string) (password string, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if strings.HasPrefix(line, "#") || line == "" {
		return "", false
	}
	for _, token := range tokens {
		if strings.HasPrefix(line, "*:") {
			return "", false // matches whatever the value is
		}
		field, rest, closed := pgpassField(line)
		if !closed || field != token {
			return "", false
		}
		line = rest
	}
	password, _, _ = pgpassField(line)
	return password, true
}

func pgpassField(line string) (field, rest string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] == ':' {
			return b.String(), line[i+1:], true
		}
		if line[i] == '\\' && i+1 < len(line) {
			i++
		}
		b.WriteByte(line[i])
	}
	return b.String(), "", false
}

func FuzzINIQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkINI(t, s) })
}

func checkINI(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.INIQuote(s)
	if err != nil {
		if readINI(s) == s && utf8.ValidString(s) && !strings.Contains(s, "\x00") {
			t.Fatalf("%q: %v", s, err)
		}
		return
	}
	if got := strings.ReplaceAll(readINI(quoted), "%%", "%"); got != s || strings.Contains(strings.ReplaceAll(quoted, "%%", ""), "%") {
		t.Errorf("configparser reads %q as %q, want %q", quoted, got, s)
	}
}

// readINI is what configparser leaves of a value before interpolation.
func readINI(s string) string {
	line, _, _ := strings.Cut(strings.ReplaceAll(s, "\r", "\n"), "\n")
	const space = "\t\n\v\f\r \x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
	return strings.Trim(line, space)
}

func FuzzPropertiesQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkProperties(t, s) })
}

func checkProperties(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.PropertiesQuote(s)
	if err != nil {
		if utf8.ValidString(s) {
			t.Fatalf("%q: %v", s, err)
		}
		return
	}
	if got, ok := readProperty(quoted); !ok || got != s {
		t.Errorf("Java reads %q as %q, want %q", quoted, got, s)
	}
}

// readProperty reads a value as java.util.Properties does: white space before it is
// skipped, a backslash escapes, and a line that ends in one continues.
func readProperty(s string) (value string, ok bool) {
	s = strings.TrimLeft(s, " \t\f")
	if strings.ContainsAny(s, "\r\n") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", false
		}
		unquoted, size, ok := readEscape(s[i:])
		if !ok {
			return "", false
		}
		b.WriteString(unquoted)
		i += size - 1
	}
	return b.String(), true
}

func readEscape(s string) (text string, size int, ok bool) {
	if s[0] != 'u' {
		return s[:1], 1, s[0] != 't' && s[0] != 'n' && s[0] != 'r' && s[0] != 'f'
	}
	size = 5
	if len(s) >= 11 && s[5:7] == `\u` && (s[1] == 'D' || s[1] == 'd') && strings.Contains("89AB", s[2:3]) {
		size = 11
	}
	if len(s) < size {
		return "", 0, false
	}
	text, err := strconv.Unquote(`"\u` + s[1:5] + `"`)
	if size == 11 {
		high, _ := strconv.ParseUint(s[1:5], 16, 32)
		low, _ := strconv.ParseUint(s[7:11], 16, 32)
		return string(rune((high-0xd800)<<10 | (low - 0xdc00) + 0x10000)), size, true
	}
	return text, size, err == nil
}

func FuzzXMLQuote(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) { checkXML(t, s) })
}

func checkXML(t testing.TB, s string) {
	t.Helper()
	quoted, err := funcs.XMLQuote(s)
	if err != nil {
		return
	}
	var doc struct {
		Attr string `xml:"a,attr"`
		Apos string `xml:"b,attr"`
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte(`<x a="`+quoted+`" b='`+quoted+`'>`+quoted+`</x>`), &doc); err != nil {
		t.Fatalf("%q: %v", quoted, err)
	}
	if doc.Attr != s || doc.Apos != s || doc.Text != s {
		t.Errorf("%q is read as %q, want %q", quoted, doc, s)
	}
}
