package document_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template/document"
)

// shown is what was read, as JSON, or the error.
func shown(v any, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

type readings []struct{ text, want string }

func (r readings) check(t *testing.T, read func(string) (any, error)) {
	t.Helper()
	for _, c := range r {
		if got := shown(read(c.text)); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestJSON(t *testing.T) {
	readings{
		{`[5,9007199254740993,18446744073709551615,123456789012345678901234567890,-9223372036854775809,1.10,0.0,-0,1e3,1E400]`,
			`[5,9007199254740993,18446744073709551615,123456789012345678901234567890,-9223372036854775809,1.10,0.0,-0,1e3,1E400]`},
		{` {"a":{"b":[null,true,"\u00e9\ud83d\ude00"]}} `, `{"a":{"b":[null,true,"é😀"]}}`},
		{`"\\ud800 \ufffd"`, `"\\ud800 �"`},
		{``, `error: the input is empty; for a value that may be missing: default "null" X | fromJson`},
		{" \n", `error: the input is empty; for a value that may be missing: default "null" X | fromJson`},
		{`{"hosts":["a"],}`, `error: line 1, column 16: unexpected character looking for beginning of object key string`},
		{"{\n\"a\": [1,]}", `error: line 2, column 9: unexpected character looking for beginning of value`},
		{`{"a":1`, `error: line 1, column 6: the text ends too early`},
		{`{"a":1} x`, `error: line 1, column 9: unexpected character after top-level value`},
		{`{"a":nul}`, `error: line 1, column 9: unexpected character in a word (true, false or null)`},
		{`{"a":01}`, `error: line 1, column 7: unexpected character after object key:value pair`},
		{`1 2`, `error: the text is not JSON`},
		{`12345secret`, `error: the text is not JSON`},
		{`NaN`, `error: the text is not JSON`},
		{`{"a":1,"b":{"c":1,"c":2}}`, `error: line 1, column 22: duplicate key`},
		{"{\"a\":\"p\xe9ss\"}", `error: line 1, column 8: the text is not UTF-8`},
		{`{"a":"\ud800x"}`, `error: line 1, column 7: half a surrogate pair (\ud800 to \udfff), which is not a character`},
		{`{"a":"\udc00\ud800"}`, `error: line 1, column 7: half a surrogate pair (\ud800 to \udfff), which is not a character`},
		{"\ufeff{}", `error: the text is not JSON`},
		{strings.Repeat("[", 5000) + strings.Repeat("]", 5000), `error: line 1, column 1002: the document is nested too deep`},
	}.check(t, document.JSON)
}

func TestYAML(t *testing.T) {
	readings{
		{"[5, 9007199254740993, 123456789012345678901234567890, 1.10, 0.0, 1e3, .5, 1., +7, -1.50, 00.5, 1E400]",
			`[5,9007199254740993,123456789012345678901234567890,1.10,0.0,1e3,0.5,1.0,7,-1.50,0.5,1E400]`},
		{"[0x1F, 0o17, 0b11, 1_000, 1_0.50, -0x1F, 0xFFFFFFFFFFFFFFFFFFFF]", `[31,15,3,1000,10.50,-31,1208925819614629174706175]`},
		{"[.inf, -.Inf, .nan]", `[+Inf -Inf NaN]`},
		{"[12:30, 2024-01-02, yes, ~, true, '5', \"1.10\", 1.2.3, 5x, ., +, -1-, !!str 5, !!int \"7\"]",
			`["12:30","2024-01-02","yes",null,true,"5","1.10","1.2.3","5x",".","+","-1-","5",7]`},
		{"a: &x {b: 1.10, d: 1}\nc: {<<: *x, d: 2}\n1: x\n1.10: y\n", `{"1":"x","1.10":"y","a":{"b":1.10,"d":1},"c":{"b":1.10,"d":2}}`},
		{"b: !!binary aGk=", `{"b":"hi"}`},
		{"mode: 0644", `error: line 1, column 7: a whole number with a leading zero is octal in YAML 1.1 and decimal in 1.2: quote it, or write 0o for octal`},
		{"id: 012345678901", `error: line 1, column 5: a whole number with a leading zero is octal in YAML 1.1 and decimal in 1.2: quote it, or write 0o for octal`},
		{"a: 1\nb: 2\na: 3", `error: line 3, column 1: duplicate key`},
		{"1: a\n'1': b", `error: line 2, column 1: duplicate key`},
		{"", `error: the input is empty; for a value that may be missing: default "null" X | fromYaml`},
		{"# nothing", `error: the input is empty; for a value that may be missing: default "null" X | fromYaml`},
		{"---\na: 1\n---\nb: 2", `error: line 3, column 1: a second document begins here`},
		{"a: !vault |\n  x", `error: line 1, column 4: a tag that is not one of YAML's own`},
		{"a: !Ref b", `error: line 1, column 4: a tag that is not one of YAML's own`},
		{"a: !x {b: 1}", `error: line 1, column 4: a tag that is not one of YAML's own`},
		{"a: [1", `error: line 1: the text is not YAML`},
		{"a: b: c", `error: the text is not YAML`},
		{"? [a]\n: b", `error: line 1, column 3: a key is not a string`},
		{"<<: 5", `error: line 1, column 1: << takes a map or a list of maps`},
		{"a: !!int x", `error: line 1, column 4: not a number`},
		{"a: p\xe9ss", `error: line 1, column 5: the text is not UTF-8`},
		{"&a [*a]", `error: line 1, column 1: the document is nested too deep, or an alias contains itself`},
	}.check(t, document.YAML)
}

// Nine levels of nine aliases each are a few hundred bytes, and a billion values.
func TestAliasesDoNotMultiply(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	_, err := document.YAML(b.String())
	if e, ok := errors.AsType[*document.Error](err); !ok || !strings.Contains(e.Msg, "too many values") {
		t.Errorf("got %v", err)
	}
}

func TestTOML(t *testing.T) {
	readings{
		{"a = [5, 9007199254740993, -9223372036854775808]\nb = 1.10\nc = 0.0\nd = 1e3\ne = 1_000.50\nf = +1.0\nh = 0xFF\n[t]\nx = {y = 2.50}\n[[q]]\nz = 3.0\ns = 'b = 1.10'",
			`{"a":[5,9007199254740993,-9223372036854775808],"b":1.10,"c":0.0,"d":1e3,"e":1000.50,"f":1.0,"h":255,"q":[{"s":"b = 1.10","z":3.0}],"t":{"x":{"y":2.50}}}`},
		{"a = [inf, -inf, nan]", `map[a:[+Inf -Inf NaN]]`},
		{"1.5 = 'x'", `{"1":{"5":"x"}}`},
		{"a = 9223372036854775808", `error: line 1, column 5: the text is not TOML`},
		{"a = ", `error: line 1, column 4: the text is not TOML`},
		{"a = 1\na = 2", `error: line 2, column 1: the text is not TOML`},
		{"a = 1.0\nb = \"\\u0000number:5\"", `error: a string begins with a zero byte`},
		{"", `error: the input is empty`},
	}.check(t, func(s string) (any, error) { return document.TOML(s) })
}

// An error may be shown whatever the document holds.
func TestErrorsQuoteNothing(t *testing.T) {
	const canary = "hunter2"
	for _, text := range []string{`{"` + canary + `":1,"` + canary + `":2}`, canary + ":\n " + canary + ": x\n - " + canary, "a: !" + canary + " x", "a: *" + canary,
		canary, `{"a":` + canary + `}`, canary + " = " + canary, "[" + canary + "]\n[" + canary + "]", canary + ": 1\n" + canary + ": 2"} {
		for _, read := range []func(string) (any, error){document.JSON, document.YAML, func(s string) (any, error) { return document.TOML(s) }} {
			if _, err := read(text); err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]any{"5": 5, "-5": -5, "0": 0} {
		if got, err := document.JSON(text); got != want || err != nil {
			t.Errorf("%s: got %#v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-0", "0.0", "1.10", "1e3", "1E+400", "9223372036854775808", "-123456789012345678901234567890", "0.1e-5"} {
		n, err := document.JSON(text)
		if err != nil || fmt.Sprint(n) != text || fmt.Sprintf("%v|%+v|%#v", n, n, []any{n}) != text+"|"+text+"|[]interface {}{"+text+"}" {
			t.Errorf("%s: got %v, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "+5", "05", "5.", ".5", "1e", "0x1F", "1_000", "inf", "1e+", "--5", "1.5.5"} {
		if n, err := document.JSON(text); err == nil {
			t.Errorf("%q is taken for %v", text, n)
		}
	}
	for f, want := range map[float64]string{1e6: "1000000", 0.1: "0.1", 1e21: "1e+21", 1e-7: "1e-7", 0: "0", -2.5: "-2.5"} {
		n, ok := document.FromFloat(f)
		if !ok || n.String() != want {
			t.Errorf("%v: got %v", f, n)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"%d", "123456789012345678901234567890", "123456789012345678901234567890"},
		{"%.2f", "1.10", "1.10"}, {"%8.3f|", "1.10", "   1.100|"}, {"%+.1f", "2.50", "+2.5"}, {"%x", "18446744073709551616", "10000000000000000"},
		{"%.2f", "123456789012345678901234567890.125", "123456789012345678901234567890.12"}, {"%5s", "1.1", "  1.1"}, {"%d", "2.0", "2"},
		{"%d", "1.5", "%!d(number)"}, {"%d", "1e5000", "%!d(number)"}, {"%e", "1500.0", "1.500000e+03"},
	} {
		n, err := document.JSON(c.text)
		if got := fmt.Sprintf(c.format, n); got != c.want || err != nil {
			t.Errorf("%s of %s: got %s, want %s", c.format, c.text, got, c.want)
		}
	}
}

// What JSON reads comes out as it went in, and what encoding/json refuses is
// refused.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,1e3,-0]}`, `[1,]`, `"\ud800"`, `{"a":1,"a":2}`, `1 2`, "", "\xff", `12345678901234567890`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := document.JSON(s)
		if err != nil {
			return
		}
		if !json.Valid([]byte(s)) {
			t.Fatalf("%q is taken", s)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := document.JSON(string(out))
		if diff := cmp.Diff(v, again); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", s, err, diff)
		}
	})
}

// YAML gives what JSON can hold, less the infinities.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{"a: [0x1F, 1_000, .inf, 1., .5]", "a: 08", "&a [*a]", "<<: {a: 1}", "a: !x y", "- 1e400\n- +.5e-3", "{a: 1, a: 2}", "? a\n: b", "0o17", "1:30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := document.YAML(s)
		if err != nil {
			return
		}
		if out, err := json.Marshal(v); err == nil && !json.Valid(out) {
			t.Errorf("%q becomes %s", s, out)
		} else if err != nil && !strings.Contains(err.Error(), "unsupported value") {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func FuzzTOML(f *testing.F) {
	for _, s := range []string{"a = 1.50", "a = [1, 2.0]\n[b]\nc = {d = 1e3}", "a.b = inf", "a = '''1.5'''", "a = 1979-05-27T07:32:00Z", "1.5 = 1.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := document.TOML(s)
		if err != nil {
			return
		}
		if out, err := json.Marshal(v); err == nil && !json.Valid(out) {
			t.Errorf("%q becomes %s", s, out)
		}
	})
}

// A text is a number where it is one to encoding/json.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"5", "-0", "1e3", "01", "1.", "9223372036854775808", "1E+2", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || strings.TrimSpace(s) != s || strings.Trim(s[:1], "-0123456789") != "" {
			return
		}
		n, err := document.JSON(s)
		isNumber := json.Valid([]byte(s))
		if (err == nil) != isNumber {
			t.Fatalf("%q: got %v, %v", s, n, err)
		}
		if err == nil && fmt.Sprint(n) != s {
			t.Errorf("%q comes out as %v", s, n)
		}
	})
}
