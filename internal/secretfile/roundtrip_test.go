package secretfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// roundTrips is how many random secrets each format writes and reads.
const roundTrips = 1000

// pieces are what quoting, escaping, comments, line ends and expressions depend on.
var pieces = []string{
	"a", "Z", "0", " ", "  ", "\t", "\n", "\r", "\r\n", "\f", "\v", "\x01", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff",
	`\`, `\\`, `\n`, `\u0041`, `\"`, `'`, `"`, "`", "$", "${", "$${", "%{", "%%{", "${a}", "$(a)", "#", " #", "!", "=", ":", ",", ";", "{", "}", "[", "]",
	"é", "ß", "漢", "😀", "\U0010ffff", "null", "true", "yes", "~", "-", "---", "*a", "&a", "<<EOT\n", "EOT", "|", ">", "@", "%", "?",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func randomSecrets(r *rand.Rand, format string) (entries []secretfile.Entry) {
	for i := range roundTrips {
		name := fmt.Sprintf("%s%d", randomText(r), i)
		if secretfile.NamesVariables(format) {
			name = fmt.Sprintf("%s_%d", secretfile.EnvName(name), i)
		}
		value := []byte(randomText(r))
		if hasBytes := format == secretfile.JSON || format == secretfile.YAML; hasBytes && i%5 == 0 {
			value = append(value, 0xff, 0, byte(i))
		}
		entries = append(entries, secretfile.Entry{Name: name, Value: source.NewSecret(value)})
	}
	return entries
}

// Every format reads back what it wrote, byte for byte.
func TestRoundTrip(t *testing.T) {
	for _, format := range secretfile.Writable() {
		t.Run(format, func(t *testing.T) {
			entries := randomSecrets(rand.New(rand.NewPCG(20, 4)), format)
			text, err := secretfile.Write(format, entries)
			if err != nil {
				t.Fatal(err)
			}
			got, err := secretfile.Parse(format, text)
			if diff := cmp.Diff(reveal(entries), reveal(got)); diff != "" || err != nil {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
			if len(got) != roundTrips {
				t.Errorf("%d secrets, not %d", len(got), roundTrips)
			}
		})
	}
}

// A format writes a value that it reads back as it is, or it refuses the value.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range pieces {
		f.Add(s, s)
	}
	for _, s := range []string{"", "plain", "it's", " x ", "\xff\xfe", "$HOME `id` \\n", "0644", "# x", "- a", "'\"", "!!binary x"} {
		f.Add("name", s)
		f.Add(s, "value")
	}
	f.Add("a", "e\u0301") // Terraform combines these two
	f.Add("a", "\xff")
	f.Add("A", "\x00")
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, format := range secretfile.Writable() {
			text, err := secretfile.Write(format, []secretfile.Entry{{Name: name, Value: source.NewSecret([]byte(value))}})
			if errors.Is(err, secretfile.ErrUnfit) || name == "" {
				continue
			}
			got, parseErr := secretfile.Parse(format, text)
			if diff := cmp.Diff(map[string]string{name: value}, reveal(got)); diff != "" || err != nil || parseErr != nil {
				t.Errorf("%s: %v, %v in\n%q\n%s", format, err, parseErr, text, diff)
			}
		}
	})
}

// No parser panics, and none shows what it read.
func FuzzParse(f *testing.F) {
	for _, s := range pieces {
		f.Add("A=" + s)
		f.Add("A=\"" + s + "\"")
		f.Add(`{"data": {"a": "` + s + `"}}`)
	}
	f.Add("a: {base64: AA==}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range secretfile.Readable() {
			entries, err := secretfile.Parse(format, []byte(text))
			if syntax, ok := errors.AsType[*secretfile.SyntaxError](err); err != nil && (!ok || syntax.Line < 0) {
				t.Errorf("%s: %v", format, err)
			}
			for _, e := range entries {
				if format != secretfile.Dotenv && format != secretfile.Shell && !utf8.ValidString(e.Name) {
					t.Errorf("%s: a name that is not UTF-8", format)
				}
			}
		}
	})
}

func TestParseOtherFormats(t *testing.T) {
	for name, tt := range map[string]struct {
		format, text string
		want         map[string]string
	}{
		"shell": {secretfile.Shell, "export A='x y'\nB=z\n", map[string]string{"A": "x y", "B": "z"}},
		"properties": {secretfile.Properties, "# c\n! c\n\na=1\nb : two words \n\\ c\\=d\\:e  f\\\n   g\nuni=\\u00e9\\uD83D\\uDE00\nempty\nq\\\\=v\\\\\\\\\n   lead=  x\r\nodd\\q=\\z",
			map[string]string{"a": "1", "b": "two words ", " c=d:e": "fg", "uni": "é😀", "empty": "", `q\`: `v\\`, "lead": "x", "oddq": "z"}},
		"csv":           {secretfile.CSV, "Name,Value\r\na,1\r\n\"b \"\"q\"\"\",\"x,\r\ny\"\r\n\r\nc,\n", map[string]string{"a": "1", `b "q"`: "x,\r\ny", "c": ""}},
		"csv, bare":     {secretfile.CSV, "a,1\nb,2", map[string]string{"a": "1", "b": "2"}},
		"csv, BOM":      {secretfile.CSV, "\ufeffname,value\na,1\n", map[string]string{"a": "1"}},
		"csv, reversed": {secretfile.CSV, "\r\nValue, name\r\n1,a\nvalue,name\n", map[string]string{"a": "1", "name": "value"}},
		"csv, blanks":   {secretfile.CSV, "name, value\na, 1\n", map[string]string{"a": " 1"}},
		"csv, no title": {secretfile.CSV, "secret,s3cret\nname,n\n", map[string]string{"secret": "s3cret", "name": "n"}},
		"csv, only one": {secretfile.CSV, "name,value\n", map[string]string{}},
		"tsv":           {secretfile.TSV, "name\tvalue\na\tb,c\n", map[string]string{"a": "b,c"}},
		"tfvars": {secretfile.Tfvars, "a = \"x$${y}\\n\"\nmode = 0644 # c\nbig = 12345678901234567890.10\non = true\npem = <<EOT\none\ntwo\nEOT\nind = <<-EOT\n    x\n    EOT\n",
			map[string]string{"a": "x${y}\n", "mode": "0644", "big": "12345678901234567890.10", "on": "true", "pem": "one\ntwo\n", "ind": "x\n"}},
		"vault, version 2": {secretfile.Vault, `{"request_id": "r", "lease_duration": 0, "data": {"data": {"a": "x", "n": 1.50}, "metadata": {"version": 3}}, "warnings": null}`,
			map[string]string{"a": "x", "n": "1.50"}},
		"vault, version 1":          {secretfile.Vault, `{"request_id": "r", "data": {"a": "x", "data": "y"}}`, map[string]string{"a": "x", "data": "y"}},
		"vault, named as version 2": {secretfile.Vault, `{"data": {"data": "y", "metadata": "z"}}`, map[string]string{"data": "y", "metadata": "z"}},
		"confidant": {secretfile.Confidant, `{"result": true, "service": {"id": "web", "credentials": [{"id": "1", "enabled": true, "credential_pairs": {"a": "x"}}, {"credential_pairs": {"b": "y"}}],
			"blind_credentials": [{"credential_pairs": {"us-east-1": "sealed"}, "decrypted_credential_pairs": {"c": "z"}}]}}`, map[string]string{"a": "x", "b": "y", "c": "z"}},
		"confidant, the server": {secretfile.Confidant, `{"id": "web", "credentials": [{"credential_pairs": {"a": "x"}}], "blind_credentials": []}`, map[string]string{"a": "x"}},
	} {
		if diff := cmp.Diff(tt.want, parse(t, tt.format, tt.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseOtherFormatsRefuses(t *testing.T) {
	for _, tt := range []struct{ format, text, want string }{
		{secretfile.Shell, "export A='x'\"hunter2\"\n", "line 1: A: unexpected text after the closing quote"},
		{secretfile.Properties, "a=1\nb=hunter2\\u12\n", `line 2: \u is not followed by four hex digits`},
		{secretfile.Properties, "a=hunter2\\ud800\n", "line 1: half a surrogate pair"},
		{secretfile.Properties, "a=1\na=hunter2\n", "line 2: a is given already on line 1"},
		{secretfile.Properties, "a=\xff\n", "not UTF-8"},
		{secretfile.CSV, "name,value\na,1\nhunter2\n", "line 3: a line must have two fields"},
		{secretfile.CSV, "a,b,hunter2\n", "line 1: a line must have two fields"},
		{secretfile.CSV, "a,\"x\ny\nhunter2\n", "line 1: its quote is not closed"},
		{secretfile.CSV, "a,\"x\ny\"\nb,\"hunter2\"x\n", "line 3: unexpected text after the closing quote"},
		{secretfile.CSV, "a,hunter2\"x\"\n", "line 1: a quote within a field"},
		{secretfile.CSV, "key,value\na,hunter2\n", "line 1: it looks like a header"},
		{secretfile.CSV, "\nvalue,hunter2\n", "line 2: it looks like a header"},
		{secretfile.TSV, "Variable\tSecret\na\thunter2\n", "line 1: it looks like a header"},
		{secretfile.TSV, "a,hunter2\n", "line 1: a line must have two fields"},
		{secretfile.Tfvars, "a = \"x\"\nb = [\"hunter2\"]\n", "line 2: b: a list is not a value"},
		{secretfile.Tfvars, "a = {b = \"hunter2\"}\n", "line 1: a: an object is not a value"},
		{secretfile.Tfvars, "a = null\n", "line 1: a: null is not a value"},
		{secretfile.Tfvars, "a = hunter2\n", "line 1: a: an expression"},
		{secretfile.Tfvars, "a = \"${hunter2}\"\n", "line 1: a: an expression"},
		{secretfile.Tfvars, "a = \"x\"\na = \"hunter2\"\n", "line 2: "},
		{secretfile.Tfvars, "a = \"hunter2\n", "line 1: not valid in a .tfvars file"},
		{secretfile.Tfvars, "hunter2 {\n}\n", "line 1: a block"},
		{secretfile.Vault, `{"data": {"data": null, "metadata": {"deletion_time": "hunter2"}}}`, "deleted or destroyed"},
		{secretfile.Vault, "{\"data\": {\n\"data\": {\"x\": \"y\",\n\"a\": {\"base64\": \"hunter2\"}}, \"metadata\": {}}}", "line 3: a: an object is not a value"},
		{secretfile.Vault, "{\"data\": {\n\"a\": null}}", "line 2: a: null is not a value"},
		{secretfile.Vault, `{"errors": ["hunter2"]}`, "no data"},
		{secretfile.Vault, `{"data": ["hunter2"]}`, "data is not an object"},
		{secretfile.Vault, `["hunter2"]`, "not a JSON object"},
		{secretfile.Vault, "{\n\"hunter2", "not valid JSON"},
		{secretfile.Vault, `{"data": {"a": "x", "a": "hunter2"}}`, "a is given already"},
		{secretfile.Confidant, `{"result": false}`, "no credentials"},
		{secretfile.Confidant, `{"credentials": [{"credential_pairs": {"a": "x"}}, {"credential_pairs": {"a": "hunter2"}}]}`, "a is given already"},
		{secretfile.Confidant, `{"credentials": [], "blind_credentials": [{"credential_pairs": {"us-east-1": "hunter2"}}]}`, "--decrypt-blind"},
		{secretfile.Confidant, `{"credentials": [{"name": "hunter2"}]}`, "metadata only"},
		{secretfile.Confidant, `{"credentials": [{"enabled": false, "credential_pairs": {"a": "hunter2"}}]}`, "disabled"},
	} {
		_, err := secretfile.Parse(tt.format, []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %q: got %v, want %q", tt.format, tt.text, err, tt.want)
		}
	}
}

func TestReadOnlyFormats(t *testing.T) {
	for _, format := range []string{secretfile.Vault, secretfile.Confidant} {
		if text, err := secretfile.Write(format, nil); err == nil || slices.Contains(secretfile.Writable(), format) {
			t.Errorf("%s: wrote %q", format, text)
		}
	}
	for file, want := range map[string]string{
		"a.json": secretfile.JSON, "a.yml": secretfile.YAML, ".env": secretfile.Dotenv, ".env.prod": secretfile.Dotenv, "x/prod.env": secretfile.Dotenv,
		"a.sh": secretfile.Shell, "a.properties": secretfile.Properties, "a.csv": secretfile.CSV, "a.tsv": secretfile.TSV,
		"terraform.tfvars": secretfile.Tfvars, "a.txt": "", "json": "",
	} {
		if got := secretfile.FormatOf(file); got != want {
			t.Errorf("%s is %q, not %q", file, got, want)
		}
	}
}
