//go:build interop

package interop

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
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
		{format: "json", line: func(_ int, s string) string { return s + "\n" }},
		{format: "shell", line: func(_ int, s string) string { return "printf '%s\\0' " + s + "\n" }},
		{format: "env", line: func(i int, s string) string { return fmt.Sprintf("V%d=%s\n", i, s) }},
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

// nginx answers a request for each value with what it has read.
func TestNginxReadsWhatIsQuoted(t *testing.T) {
	address := freeAddress(t)
	q := quoted{
		format: "nginx",
		before: "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\n" +
			"http { access_log off; keepalive_requests 20000; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\nserver { listen " + address + ";\n",
		after: "} }\n",
		line:  func(i int, s string) string { return fmt.Sprintf("location = /%d { return 200 %s; }\n", i, s) },
	}
	file, expected := q.write(t)
	start(t, exec.CommandContext(t.Context(), program(t, "nginx"), "-p", filepath.Dir(file), "-c", file))
	eventually(t, "nginx answers", func() bool { _, err := visit(t, "http://"+address+"/0"); return err == nil })
	differ := 0
	for i, line := range strings.Split(strings.TrimSuffix(readFile(t, expected), "\n"), "\n") {
		want, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := visit(t, fmt.Sprintf("http://%s/%d", address, i)); err != nil || got != string(want) {
			differ++
			t.Errorf("value %d: nginx has %q, %v, want %q", i, got, err, want)
		}
	}
	t.Logf("%d read, %d differ", quotedValues, differ)
}

func visit(t *testing.T, address string) (body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	return string(b), err
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
