package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/job"
)

func TestValidate(t *testing.T) {
	const block = "-----BEGIN X-----\nAAAA\n-----END X-----\n"
	for _, c := range []struct {
		name, format, data, want string // want: empty for valid, else how the error ends
	}{
		{"no format", "", "\x00anything", ""},
		{"json", "json", `{"a": [1, "b"]}` + "\n", ""},
		{"json cut off", "json", "{\n\"a\":\n", "JSON at line 3"},
		{"json with a bad line", "json", "{\n\"a\": hunter2}\n", "JSON at line 2"},
		{"two json values", "json", "{}\n{}\n", "JSON at line 2"},
		{"json key twice", "json", "{\"a\": [1, {\"a\": 2}],\n\"b\": \"a\",\n\"a\": 3}", "JSON at line 3"},
		{"json keys of several objects", "json", "[{\"a\": {\"a\": []}}, {\"a\": \"a\", \"b\": [\"b\", \"b\"]}]", ""},
		{"empty json", "json", "", "JSON at line 1"},
		{"yaml documents", "yaml", "a: 1\n---\nb: [x]\n", ""},
		{"yaml key twice", "yaml", "a: 1\nb: {c: 1,\n c: hunter2}\n", "YAML at line 3"},
		{"yaml keys of several mappings", "yaml", "a: {a: 1}\nb: [{a: 1}, {a: 1}]\n", ""},
		{"yaml merges", "yaml", "x: &x {a: 1}\ny: &y {a: 1}\nz: {<<: [*x, *y], a: 2}\n", ""},
		{"yaml bad", "yaml", "a: 1\nb: hunter2: x\n", "YAML at line 2"},
		{"toml", "toml", "a = 1\n[b]\nc = \"d\"\n", ""},
		{"toml bad", "toml", "a = 1\nb = hunter2\n", "TOML at line 2"},
		{"env", "env", "# c\n\nA=b c\nexport B='x\ny'\nC=\"q\\\"\nr\"\n", ""},
		{"env name twice", "env", "A=1\nB=2\nA=hunter2\n", "ENV at line 3: A is given already on line 1"},
		{"env no equals", "env", "A=1\nhunter2\n", "ENV at line 2: it is not NAME=VALUE, with a name of letters, digits and _"},
		{"env bad name", "env", "9A=1\n", "ENV at line 1: it is not NAME=VALUE, with a name of letters, digits and _"},
		{"env with a NUL", "env", "A=1\nB=\x00\n", "ENV at line 2"},
		{"env not UTF-8", "env", "A=1\nB=\xff\n", "ENV at line 2"},
		{"env open quote", "env", "A=1\nB=\"x\ny\n", "ENV at line 2: B: its quote is not closed"},
		{"pem", "pem", "subject=x\n" + block + block, ""},
		{"no pem", "pem", "hunter2\n", "not valid PEM"},
		{"pem cut off", "pem", block + "-----BEGIN X-----\nAAAA\n", "PEM at line 4"},
		{"pem damaged first", "pem", "-----BEGIN X-----\n!\n-----END X-----\n" + block, "PEM at line 1"},
		{"pem without a beginning", "pem", block + "AAAA\n-----END X-----\n", "PEM at line 4"},
		{"pem and more", "pem", block + "hunter2\n", "PEM at line 4"},
		{"pem glued", "pem", strings.TrimSpace(block) + block, "not valid PEM"},
		{"pem of nothing", "pem", "-----BEGIN X-----\n-----END X-----\n", "PEM at line 1"},
		{"pem of a short certificate", "pem", "-----BEGIN CERTIFICATE-----\nMAYCAQECAQ==\n-----END CERTIFICATE-----\n", "PEM at line 1"},
		{"pem of whole DER", "pem", "-----BEGIN CERTIFICATE-----\nMAYCAQECAQI=\n-----END CERTIFICATE-----\n", ""},
		{"json not UTF-8", "json", "{\n\"a\": \"\xe9\"}", "JSON at line 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := job.Validate(c.format, []byte(c.data), nil)
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("got %v, want none", err)
			case c.want == "":
				return
			case !errors.Is(err, job.ErrFormat) || !strings.HasSuffix(err.Error(), c.want):
				t.Fatalf("got %v, want ErrFormat ending in %q", err, c.want)
			case strings.Contains(err.Error(), "hunter2"):
				t.Fatalf("the error quotes content: %v", err)
			}
		})
	}
}
