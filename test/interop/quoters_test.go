//go:build interop

package interop

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// quoted is how the values of one format are written, and who reads them.
type quoted struct {
	format        string
	before, after string
	line          func(i int, quoted string) string
}

// quotedValues is how many values each format's real reader reads.
const quotedValues = 10_000

func TestQuotersAgainstRealReaders(t *testing.T) {
	for _, q := range []quoted{
		{format: "ini", before: "[values]\n", line: func(i int, s string) string { return fmt.Sprintf("v%d = %s\n", i, s) }},
		{format: "xml", before: "<all>", after: "</all>\n", line: func(_ int, s string) string { return fmt.Sprintf("<v a=\"%s\" b='%s'>%s</v>", s, s, s) }},
		{format: "pgpass", line: func(i int, s string) string { return fmt.Sprintf("h%d:1:db:%s:%s\n", i, s, s) }},
		{format: "properties", line: func(i int, s string) string { return fmt.Sprintf("v%d = %s\n", i, s) }},
	} {
		t.Run(q.format, func(t *testing.T) {
			file, expected := q.write(t)
			reader := newCommand(t, program(t, "python3"), nil, absolute(t, "testdata/quoters.py"), q.format)
			if q.format == "properties" {
				reader = newCommand(t, program(t, "java"), nil, absolute(t, "testdata/ReadProperties.java"))
			}
			t.Log(reader.want(t, 0, file, expected).Stdout)
		})
	}
}

// write quotes random values until enough of them were not refused. The files for libpq
// have a hundred lines each, because it reads the file at each connection.
func (q quoted) write(t *testing.T) (file, expected string) {
	t.Helper()
	random := rand.New(rand.NewPCG(19, uint64(len(q.format))))
	var all, wanted strings.Builder
	dir, refused := t.TempDir(), 0
	file = filepath.Join(dir, "file")
	all.WriteString(q.before)
	for i := 0; i < quotedValues; {
		value := randomValue(random)
		text, err := quote(t, q.format, value)
		if err != nil || q.format == "pgpass" && value == "" {
			refused++
			continue
		}
		all.WriteString(q.line(i, text))
		wanted.WriteString(base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
		if i++; q.format == "pgpass" && i%100 == 0 {
			writePrivate(t, fmt.Sprintf("%s.%d", file, i/100-1), all.String())
			all.Reset()
		}
	}
	if refused > quotedValues {
		t.Errorf("%d values refused for %d written", refused, quotedValues)
	}
	writePrivate(t, file, all.String()+q.after)
	expected = filepath.Join(dir, "expected")
	writePrivate(t, expected, wanted.String())
	return file, expected
}

func writePrivate(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func quote(t *testing.T, format, value string) (string, error) {
	t.Helper()
	parsed, err := template.Parse("{{ .Vars.v | "+format+"quote }}", template.Options{Name: format, Vars: map[string]any{"v": value}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := template.Render(t.Context(), parsed, template.Resolver{})
	return string(out.Bytes), err
}

// randomValue has many of the characters that formats treat as special, and some of all
// others.
func randomValue(random *rand.Rand) string {
	const special = "\\\\::##;;==!!%%()[]{}<>&\"'`$ \t*,uUnrt0"
	var b strings.Builder
	for range random.IntN(24) {
		switch random.IntN(20) {
		case 0:
			b.WriteRune([]rune("\u0085\u00a0é€\u2028\u3000\ufeff\U0001f600")[random.IntN(8)])
		case 1:
			b.WriteRune(rune(random.IntN(0x20)))
		case 2, 3, 4, 5, 6, 7:
			b.WriteByte(byte('a' + random.IntN(26)))
		default:
			b.WriteByte(special[random.IntN(len(special))])
		}
	}
	return b.String()
}
