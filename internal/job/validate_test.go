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
		{"ini", "ini", "top = 1\n[a]\nb = c;d\n# x\n; y\n[b c]\nskip-networking\nk: v\n  more\n\tand more\n[Peer]\nk = 1\nk = 2\n", ""},
		{"ini without a separator", "ini", "[a]\nhunter2 x\n", "INI at line 2"},
		{"ini open section", "ini", "a = 1\n[hunter2\n", "INI at line 2"},
		{"ini without a key", "ini", "[a]\n= hunter2\n", "INI at line 2"},
		{"ini with a NUL", "ini", "[a]\nk = \x00\n", "INI at line 2"},
		{"ini not UTF-8", "ini", "[a]\nk = \xff\n", "INI at line 2"},
		{"properties", "properties", "# x\n! y\na.b = c\nd:e=f\ng\\ h i j\\\n   k\\\\\nl\\u00e9\nm = \\q\\\r\n  n\n", ""},
		{"properties backslash at the end", "properties", "a = 1\nb = hunter2\\", "PROPERTIES at line 2"},
		{"properties key twice", "properties", "a = 1\nb = 2\na = hunter2\n", "PROPERTIES at line 3: its key is given already on line 1"},
		{"properties bad escape", "properties", "a = 1\nb = \\\\\\u12hunter2\n", "PROPERTIES at line 2"},
		{"xml", "xml", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE a>\n<!-- c --><a b=\"é\"><c/>x<![CDATA[<y>]]></a>\n", ""},
		{"xml in another encoding", "xml", "<?xml version=\"1.0\" encoding=\"latin1\"?><a>e</a>", ""},
		{"xml in another encoding, with more", "xml", "<?xml version=\"1.0\" encoding=\"latin1\"?><a>é</a>", "XML at line 1"},
		{"xml cut off", "xml", "<a>\n<b>hunter2</b>\n", "XML at line 3"},
		{"xml bad", "xml", "<a>\nhunter2 & x</a>", "XML at line 2"},
		{"xml two roots", "xml", "<a/><b/>", "XML"},
		{"xml text behind the root", "xml", "<a/>hunter2", "XML"},
		{"xml nothing", "xml", "", "XML"},
		{"xml attribute twice", "xml", "<a>\n<b c='1' c='hunter2'/></a>", "XML at line 2"},
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
