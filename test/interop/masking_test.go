//go:build interop

package interop

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/pkg/source"
)

// encoder is a program that prints what it reads in forms of its own.
type encoder struct {
	name string
	args []string
	// many: it prints a JSON list of texts.
	many bool
}

const nodeForms = `const v=require("fs").readFileSync(0,"utf8");console.log(JSON.stringify([
encodeURIComponent(v),encodeURI(v),escape(v),JSON.stringify(v),JSON.stringify(JSON.stringify(v)),require("util").inspect(v),
Buffer.from(v).toString("hex"),Buffer.from("x"+v).toString("base64"),Buffer.from(v).toString("base64url"),
new URLSearchParams({v}).toString(),require("querystring").escape(v),String.raw({raw:[v]})]))`

const pythonForms = `import sys,json,urllib.parse as u,html,shlex,base64,binascii,quopri,xml.sax.saxutils as x
b=sys.stdin.buffer.read();v=b.decode()
print(json.dumps([u.quote(v),u.quote(v,safe=""),u.quote_plus(v),u.urlencode({"v":v}),html.escape(v),html.escape(v,quote=False),x.quoteattr(v),
json.dumps(v),json.dumps(v,ensure_ascii=False),json.dumps(json.dumps(v)),shlex.quote(v),repr(v),ascii(v),repr(b),v.encode("unicode_escape").decode(),
v.encode("ascii","xmlcharrefreplace").decode(),v.encode("ascii","backslashreplace").decode(),
b.hex(),b.hex(":"),b.hex(" ").upper(),base64.encodebytes(b).decode(),base64.b64encode(b"ab"+b).decode(),base64.urlsafe_b64encode(b).decode(),quopri.encodestring(b).decode()]))`

func encoders() []encoder {
	bash := func(script string) []string { return []string{"-c", `IFS= read -r -d "" v; ` + script} }
	return []encoder{
		{name: "node", args: []string{"-e", nodeForms}, many: true},
		{name: "python3", args: []string{"-c", pythonForms}, many: true},
		{name: "bash", args: bash(`printf %q "$v"`)},
		{name: "bash", args: bash(`printf %s "${v@Q}"`)},
		{name: "bash", args: bash(`LC_ALL=C; printf %q "$v"`)},
		{name: "bash", args: bash(`declare -p v`)},
		{name: "od", args: []string{"-An", "-v", "-tx1"}},
		{name: "base64", args: []string{"-w", "20"}},
	}
}

// What real programs print of a value is masked, whatever the value.
func TestMaskingOfRealEncoders(t *testing.T) {
	values := []string{
		`it's "quoted" $HOME \ %41 <b>&amp; 100%`, "two lines\nof 'text'\tand a tab", "pässwörtchen €😀", "http://u:p@h/?a=b&c=d#e", "        x        ",
		"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END KEY-----\n",
	}
	r := rand.New(rand.NewPCG(1, 2))
	const alphabet = "abcXYZ019 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\näß€😀"
	for range 12 {
		var b strings.Builder
		for b.Len() < 12+r.IntN(40) {
			runes := []rune(alphabet)
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		values = append(values, b.String())
	}
	for _, v := range values {
		m := hook.NewMasker([]source.Secret{source.NewSecret([]byte(v))})
		for _, e := range encoders() {
			for _, text := range e.run(t, v) {
				got := m.Mask("before " + text + " after")
				if rest := unmasked(got); !strings.Contains(got, "(secret)") || rest != "" {
					t.Errorf("%s %.40q prints %q as %q, which became %q", e.name, e.args[len(e.args)-1], v, text, got)
				}
			}
		}
	}
}

// unmasked is what is left of an output beside the mask: but for quotation marks
// and names of variables there should be nothing.
func unmasked(text string) string {
	rest := strings.NewReplacer("before ", "", " after", "", "(secret)", "", "declare -- v=", "", "v=", "", `\n' +`, "", `\n'`, "").Replace(text) // the last is node's, between lines
	return strings.Trim(rest, " \n\"'`\\$=b")
}

func (e encoder) run(t *testing.T, value string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, e.name), e.args...)
	cmd.Stdin = strings.NewReader(value)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	if !e.many {
		return []string{string(out)}
	}
	var texts []string
	if err := json.Unmarshal(out, &texts); err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	return texts
}
