package template_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/pkg/template"
)

// documents makes random documents, and breaks them.
type documents struct{ *rand.Rand }

func (d documents) pick(from ...string) string { return from[d.IntN(len(from))] }

// integer has up to 30 digits.
func (d documents) integer() string {
	n := 1 + d.IntN(30)
	s := string(rune('1' + d.IntN(9)))
	for range n - 1 {
		s += string(rune('0' + d.IntN(10)))
	}
	return d.pick("", "-") + s
}

func (d documents) json(depth int) string {
	switch d.IntN(7) {
	case 0, 1:
		if depth > 0 {
			var parts []string
			for i := range d.IntN(4) {
				parts = append(parts, fmt.Sprintf("%q:%s", fmt.Sprintf("k%d", i), d.json(depth-1)))
			}
			return "{" + strings.Join(parts, ",") + "}"
		}
	case 2:
		if depth > 0 {
			var parts []string
			for range d.IntN(4) {
				parts = append(parts, d.json(depth-1))
			}
			return "[" + strings.Join(parts, ", ") + "]"
		}
	case 3:
		return d.pick(`"x"`, `"é\n"`, `"x\ny\n\n"`, `"\n"`, `" a"`, `"1E400"`, `"0xFFFFFFFFFFFFFFFFFFFF"`, `"yes"`, `"012"`, `"1_000"`, `"2024-01-02"`, `"<<"`, `"a: b"`, `"# x"`,
			`"\u0000\u007f\u2028"`, `"- a"`, `"'"`, `"a\tb\r\n"`, `"~"`, `".5"`, `"1:30"`, `""`, `"5"`, "true", "false")
	case 4:
		return d.pick("1.10", "0.0", "1e3", "-0.5", "2.50E-3")
	}
	return d.integer()
}

// broken is a JSON document with a fault.
func (d documents) broken() string {
	for {
		s := []byte(`{"k":` + d.json(3) + `}`)
		switch at := d.IntN(len(s)); d.IntN(4) {
		case 0:
			s = s[:at]
		case 1:
			s = slices.Insert(s, at, []byte(d.pick(",", "}", "x", "\"", "\xff", ":"))...)
		case 2:
			s = slices.Delete(s, at, at+1)
		default:
			s = append(s, d.pick(" x", ",", "{}", "1")...)
		}
		if !json.Valid(s) && strings.TrimSpace(string(s)) != "" {
			return string(s)
		}
	}
}

// notNumber is a text with something in it that no number has.
func (d documents) notNumber() string {
	s := d.pick("", d.integer(), "0x", "5", "1.5", "-")
	at := d.IntN(len(s) + 1)
	return s[:at] + d.pick(" ", "\n", "z", "k", ",", "é", "%", "--", "\xff", "five") + s[at:]
}

// breakers are calls that convert %s, each with what it cannot convert.
func (d documents) breakers() map[string]func() string {
	all := map[string]func() string{}
	for _, call := range []string{"fromJson %s", "mustFromJson %s", "minjson %s"} {
		all[call] = d.broken
	}
	for _, call := range []string{"int %s", "int64 %s", "float64 %s", "atoi %s", "add 1 %s", "add1 %s", "sub %s 1", "mul 2 %s", "div %s 2", "mod 7 %s", "max 1 %s", "biggest %s 1",
		"min %s 3", "addf 1 %s", "add1f %s", "subf %s 1", "mulf 2 %s", "divf 1 %s", "maxf 1 %s", "minf %s 1", "ceil %s", "floor %s", "round %s 1", "until %s", "untilStep 0 %s 1", "seq %s",
		"repeat %s \"x\"", "trunc %s \"abc\"", "substr 0 %s \"abc\"", "indent %s \"x\"", "nindent %s \"x\"", "abbrev %s \"abcdefgh\"", "wrap %s \"a b\"", "plural \"a\" \"b\" %s", "chunk %s list",
		"regexFindAll \"a\" \"a\" %s", "regexSplit \"a\" \"a\" %s", "splitn \"a\" %s \"b\"", "slice (list 1 2 3) %s", "toDecimal %s", "duration %s", "printf \"%%d\" %s", "date \"2006\" %s", "htmlDate %s", "ago %s",
		"range", "dateModify %s now", "durationRound %s", "toDate \"2006-01-02\" %s", "decryptAES \"k\" %s"} {
		all[call] = d.notNumber
	}
	all["fromYaml %s"] = func() string {
		return d.pick("a: [1, 2", "a: 1\na: 2", "a: 0"+strings.Trim(d.integer(), "-"), "a: !x y", "- 1\nb", "a: *b", "a: \xff")
	}
	all["fromToml %s"] = func() string {
		return d.pick("a", "a = ", "a = 1\na = 2", "a = 012", "[a", "a = \"\xff\"", "a = "+strings.Repeat("9", 20))
	}
	for _, call := range []string{"regexMatch %s \"x\"", "regexFind %s \"x\"", "mustRegexMatch %s \"x\"", "regexReplaceAll %s \"x\" \"y\"", "regexReplaceAllLiteral %s \"x\" \"y\""} {
		all[call] = func() string { return d.pick("(", "[", "*", "a{2,1}", "(?P<x") + d.pick("", "a") }
	}
	all["regexReplaceAll \"a\" \"a\" %s"] = func() string { return "x$" + d.pick("1", "name", "{2}") }
	all["b64dec %s"] = func() string { return d.pick("!!", "YQ", "YR==", "YQ=", "YQ==YQ==", "a b=", "é") }
	all["b32dec %s"] = func() string { return d.pick("!", "MB======", "MFRA", "mfra====", "M") }
	all["semver %s"] = func() string { return d.pick("", "v", "1.x", "1.2.3.4.5", "one") }
	all["urlParse %s"] = func() string { return d.pick("", "%zz", "db.example.org:5432/x", "http://[::1", "http://h:port/") }
	for _, call := range []string{"upper %s", "lower %s", "title %s", "quote %s", "toJson %s", "toPrettyJson %s", "toRawJson (list %s)", "toYaml (dict \"k\" %s)", "toToml (dict \"k\" %s)", "jsonquote %s",
		"swapcase %s", "snakecase %s", "camelcase %s", "kebabcase %s", "initials %s", "nospace %s", "untitle %s", "wrap 3 %s", "abbrev 4 %s", "printf \"%%q\" %s"} {
		all[call] = func() string { return d.pick("p\xe9ss", "\xff\xfe", "é\xc3", "abc\x80def ghi") }
	}
	delete(all, "range")
	return all
}

// around puts an expression somewhere in a template, behind a random function of
// the table.
func (d documents) around(expr string, functions []string) string {
	if d.IntN(2) == 0 {
		expr += " | " + d.pick(functions...)
	}
	return d.pick(`x={{%s}}`, `{{$x := (%s)}}y={{$x}}`, `{{range list (%s)}}a{{else}}b{{end}}`, `{{with (%s)}}a{{else}}b{{end}}`, `{{if (%s)}}a{{else}}b{{end}}`,
		`{{template "t" (%s)}}{{define "t"}}z{{end}}`, `{{dict "k" (%s) | toJson}}`, `{{default "d" (%s)}}`, `{{list 1 (%s) | len}}`, `{{or (%s) "x"}}`, `{{and 1 (%s)}}`, `{{ternary 1 2 (eq 1 (%s))}}`,
		`{{coalesce "" (%s)}}`, `{{empty (%s)}}`, `{{print (%s)}}`) + "\x00" + expr
}

// Malformed input never ends with exit code 0 and output: whatever function has to
// convert it, and whatever is done with the result.
func TestMalformedInputIsRefused(t *testing.T) {
	d := documents{rand.New(rand.NewPCG(21, 12))}
	functions := slices.DeleteFunc(template.FunctionNames(), func(name string) bool { return strings.HasPrefix(name, "gen") || name == "fail" || name == "required" })
	for call, bad := range d.breakers() {
		for range 6 {
			value := bad()
			shape, expr, _ := strings.Cut(d.around(strings.Replace(strings.ReplaceAll(call, "%%", "%"), "%s", `(secret "in")`, 1), functions), "\x00")
			text := strings.Replace(shape, "%s", expr, 1)
			w := newWorld()
			w.secrets["in"] = value
			_, out, err := w.render(t, text, template.Options{Name: "n"})
			e, ok := errors.AsType[*template.Error](err)
			if !ok || len(out.Bytes) > 0 {
				t.Errorf("%s with %q: got %q, %v", text, value, out.Bytes, err)
				continue
			}
			if !e.OfValue && strings.Count(expr, "|") == 0 {
				t.Errorf("%s with %q: %v is taken for the template's fault", text, value, err)
			}
			if len(value) > 8 && strings.Contains(err.Error(), value) {
				t.Errorf("%s: %v tells the value", text, err)
			}
		}
	}
}

// Whatever is done to a document, what comes out is a value: no text of an error,
// no <nil>, no replacement for bytes that were not understood.
func TestNothingIsMadeUp(t *testing.T) {
	d := documents{rand.New(rand.NewPCG(13, 4))}
	functions := slices.DeleteFunc(template.FunctionNames(), func(name string) bool {
		return strings.HasPrefix(name, "gen") || slices.Contains([]string{"fail", "bcrypt", "derivePassword", "htpasswd", "shuffle"}, name)
	})
	args := []string{`(secret "bytes")`, `(secret "text")`, `(secret "doc" | fromJson)`, `(secret "doc" | fromJson).k`, `nil`, `1`, `"x"`, `(list 1 "a")`, `1.5`, `true`}
	rendered := 0
	for range 2500 {
		var b strings.Builder
		b.WriteString("{{" + d.pick(functions...))
		for range d.IntN(4) {
			b.WriteString(" " + d.pick(args...))
		}
		if d.IntN(2) == 0 {
			b.WriteString(" | " + d.pick(functions...))
		}
		b.WriteString("}}")
		w := newWorld()
		w.secrets = map[string]string{"bytes": "p\xe9ss", "text": "été", "doc": `{"k":` + d.json(2) + `}`}
		_, out, err := w.render(t, b.String(), template.Options{Name: "n"})
		if err != nil {
			continue
		}
		rendered++
		for _, made := range []string{"%!", "<nil>", "<no value>", "\ufffd", "e+0", "illegal base64"} {
			if strings.Contains(string(out.Bytes), made) && (made != "<nil>" || !strings.Contains(b.String(), "typeOf")) {
				t.Errorf("%s prints %q", b.String(), out.Bytes)
			}
		}
	}
	if rendered < 75 {
		t.Errorf("%d templates were rendered: too few to mean something", rendered)
	}
}

// Whole numbers come out of a document as they went in, by every way that can hold
// them.
func TestIntegersKeepTheirDigits(t *testing.T) {
	d := documents{rand.New(rand.NewPCG(15, 6))}
	for range 120 {
		n := d.integer()
		text := d.pick(`{"n":%s}`, ` { "n" : %s }`, `{"a":[1.5],"n":%s,"z":0.0}`)
		read := d.pick("fromJson", "mustFromJson", "fromYaml")
		w := newWorld()
		w.secrets["doc"] = fmt.Sprintf(text, n)
		for out, want := range map[string]string{
			`{{$n}}`: n, `{{print $n}}`: n, `{{quote $n}}`: `"` + n + `"`, `{{toJson $n}}`: n, `{{toYaml $n}}`: n, `{{toString $n}}`: n, `{{printf "%d" $n}}`: n, `{{printf "%v" $n}}`: n,
			`{{join "," (list $n)}}`: n, `{{list $n | toJson}}`: "[" + n + "]", `{{dict "a" $n | toYaml}}`: "a: " + n, `{{toToml (dict "a" $n)}}`: "a = " + n,
			`{{add $n 0}}`: n, `{{max $n $n}}`: n, `{{deepCopy (list $n) | first}}`: n, `{{default 1 $n}}`: n, `{{$n | toJson | fromJson | toRawJson}}`: n, `{{$n | toYaml | fromYaml | quote}}`: `"` + n + `"`,
			`{{eq $n (fromJson (print $n))}}`: "true", `{{lt $n (add $n 1)}}`: "true", `{{if $n}}yes{{end}}`: "yes", `{{uniq (list $n (add $n 0)) | len}}`: "1",
		} {
			_, got, err := w.render(t, fmt.Sprintf(`{{$n := (secret "doc" | %s).n}}`, read)+out, template.Options{Name: "n"})
			tooLong := strings.Contains(out, "toToml") && len(strings.Trim(n, "-")) > 19
			if err != nil && strings.Contains(out, "toToml") && strings.Contains(err.Error(), "64 bits") && (tooLong || len(strings.Trim(n, "-")) == 19) {
				continue
			}
			if err != nil || string(got.Bytes) != want || tooLong {
				t.Fatalf("%s of %s: got %q, %v, want %q", out, n, got.Bytes, err, want)
			}
		}
	}
}

// A document that is read and written again is the same to other readers, whatever
// its format.
func TestDocumentsSurvive(t *testing.T) {
	d := documents{rand.New(rand.NewPCG(17, 8))}
	for range 120 {
		doc := `{"k":` + d.json(3) + `}`
		w := newWorld()
		w.secrets["doc"] = doc
		var got [5]string
		for i, via := range []string{"toJson", "toPrettyJson", "toRawJson", "toYaml | fromYaml | toJson", "toToml | fromToml | toJson"} {
			_, out, err := w.render(t, `{{secret "doc" | fromJson | `+via+`}}`, template.Options{Name: "n"})
			if err != nil && i == 4 && strings.Contains(err.Error(), "64 bits") {
				got[i] = got[3]
				continue
			}
			if err != nil {
				t.Fatalf("%s of %s: %v", via, doc, err)
			}
			got[i] = canonical(t, out.Bytes)
		}
		want := canonical(t, []byte(doc))
		for i, g := range got {
			if i == 3 || i == 4 {
				g = strings.NewReplacer("1.0e+3", "1e3", "2.50e-3", "2.50E-3").Replace(g)
			}
			if g != want {
				t.Fatalf("way %d of\n%s becomes\n%s", i, want, g)
			}
		}
		checkReaders(t, w, doc)
	}
}

// canonical is a JSON document with its keys in order and its numbers as they are.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkReaders reads the YAML and the TOML with the libraries that others have.
func checkReaders(t *testing.T, w *world, doc string) {
	t.Helper()
	for via, read := range map[string]func([]byte) error{
		"toYaml": func(b []byte) error { return yaml.Unmarshal(b, new(map[string]any)) },
		"toToml": func(b []byte) error { return toml.Unmarshal(b, new(map[string]any)) },
	} {
		_, out, err := w.render(t, `{{secret "doc" | fromJson | `+via+`}}`, template.Options{Name: "n"})
		if err == nil {
			err = read(out.Bytes)
		} else if strings.Contains(err.Error(), "64 bits") {
			continue
		}
		if err != nil {
			t.Errorf("%s of %s: %v\n%s", via, doc, err, out.Bytes)
		}
	}
}

// Bytes that nothing has to change come out as they went in.
func TestBytesPass(t *testing.T) {
	w := newWorld()
	w.secrets["bytes"] = "p\xe9ss\xff\x00"
	for _, via := range []string{"b64enc", "print | b64enc", "trim | b64enc", `printf "%s" | b64enc`, "toString | b64enc", "b64enc | b64dec | b64enc", "b32enc | b32dec | b64enc", `default "x" | b64enc`} {
		_, out, err := w.render(t, `{{secret "bytes" | `+via+`}}`, template.Options{Name: "n"})
		if want := base64.StdEncoding.EncodeToString([]byte(w.secrets["bytes"])); err != nil || string(out.Bytes) != want {
			t.Errorf("%s: got %q, %v, want %q", via, out.Bytes, err, want)
		}
	}
}
