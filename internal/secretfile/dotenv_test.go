package secretfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/template"
)

// parseDotenv reads a file that no template has printed.
func parseDotenv(data []byte) ([]secretfile.Variable, error) {
	vars, _, err := secretfile.ParsePrinted(data, nil)
	return vars, err
}

func TestParseDotenv(t *testing.T) {
	got, err := parseDotenv([]byte(`# comment

A=1
export B = two words  # comment
C=a#b
D='single $X \n # "q"'
E="d\n\t\"q\" \$X \\ \x \` + "`" + `" # comment
F=
G=''
MULTI='line 1
line 2
'
K="-----BEGIN-----
x
"
_h2=x=y=z
EMPTY= # only a comment
CR=v` + "\r\nKEPT='a\r\nb'\r\nLAST=end"))
	if err != nil {
		t.Fatal(err)
	}
	want := []secretfile.Variable{
		{"A", "1"}, {"B", "two words"}, {"C", "a#b"}, {"D", `single $X \n # "q"`}, {"E", "d\n\t\"q\" $X \\ \\x `"}, {"F", ""}, {"G", ""},
		{"MULTI", "line 1\nline 2\n"}, {"K", "-----BEGIN-----\nx\n"}, {"_h2", "x=y=z"}, {"EMPTY", ""}, {"CR", "v"},
		{"KEPT", "a\r\nb"}, {"LAST", "end"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestParsePrinted: < and > stand round what an action printed.
func TestParsePrinted(t *testing.T) {
	for text, want := range map[string]string{
		"A=<v>\nB=x<1>y<2>":       "A=v B=x1y2",
		"A=<'a b # c'> # comment": "A=a b # c",
		"A='<it>' # c":            "A=it",
		`A="-<a b\n>-"`:           "A=-a b\n-",
		"<A=1\nB=2\n>C=3":         "A=1 B=2 C=3",
		"<A>=<>\nC= <x> ":         "A= C=x",
		"A=<v> # <w>\n# <x>\nB=1": "A=v B=1",
		"A=1 # <w\nB=2>":          "cut",
		"A='1' # <w\nB=2>":        "cut",
		"A=<v\nB=w>":              "cut",
		"A=<\nv>":                 "cut",
		"A=x<\n>\nB=1":            "cut",
		"A=<v #w>":                "cut",
		"A=<#w>":                  "cut",
		"A=< v>":                  "cut",
		"A=<v >":                  "cut",
		"A=<\u00a0v>":             "cut",
		"A=<'v>'":                 "cut",
		"A='<v' # >'":             "cut",
		`A="<v"> # "`:             "cut",
		"A='<v'\nB='w>'":          "cut",
	} {
		var prints []template.Print
		var b strings.Builder
		for _, r := range text {
			switch r {
			case '<':
				prints = append(prints, template.Print{Start: b.Len()})
			case '>':
				prints[len(prints)-1].End = b.Len()
			default:
				b.WriteRune(r)
			}
		}
		vars, _, err := secretfile.ParsePrinted([]byte(b.String()), prints)
		var got []string
		for _, v := range vars {
			got = append(got, v.Name+"="+v.Value)
		}
		switch {
		case want != "cut" && (err != nil || strings.Join(got, " ") != want):
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		case want == "cut" && (err == nil || !strings.Contains(err.Error(), "line 1: A: the output of an action")):
			t.Errorf("%q: got %q, %v; want an error", text, got, err)
		}
	}
}

// A bare value that some loaders end before the line does, or join with the next
// line, is refused: a secret could add a variable there, or take one away.
func TestBareValuesThatLoadersReadDifferently(t *testing.T) {
	for text, want := range map[string]string{
		"A=v\rB=1":            "line 1: A: it contains a carriage return",
		"X=1\nA=v\rB=1\r\n":   "line 2: A: it contains a carriage return",
		"A=v\\\nB=1":          "line 1: A: it ends in a backslash",
		"A=v\\\r\nB=1":        "line 1: A: it ends in a backslash",
		"A='v\\'\nB=\"v\rw\"": "", "A=C:\\x\n": "", "A=v\r\nB=1\r\n": "",
	} {
		_, err := parseDotenv([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestParsePrintedComment: a line break in what a comment prints makes no variable.
func TestParsePrintedComment(t *testing.T) {
	vars, _, err := secretfile.ParsePrinted([]byte("# x\nB=2\n"), []template.Print{{Start: 2, End: 7}})
	if err == nil || !strings.HasPrefix(err.Error(), "line 1: the output of an action") {
		t.Errorf("got %v, %v", vars, err)
	}
}

func TestFaultsTellLinesAndNoValue(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\ncanary\n":         "line 2: it is not NAME=VALUE",
		"1A=canary":             "line 1: it is not",
		"A-B=canary":            "line 1: it is not",
		"A='x\ny'\n\nB='canary": "line 4: B: its quote is not closed",
		"A='x\ny' canary":       "line 2: A: unexpected text",
		"A=1\nB=2\nA=canary":    "line 3: A is given already on line 1",
		"A=\"canary\\":          "line 1: A: its quote is not closed",
		"set A=canary":          "line 1: it is not",
	} {
		_, err := parseDotenv([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// FuzzParse: it ends, without a panic, in names that can be ones; a value in
// single quotes comes back.
func FuzzParseDotenv(f *testing.F) {
	for _, s := range []string{"A=1", "A='x\n'", `A="\n\"`, "export A = b # c", "\r\n#", "=", "A=\"\\\n\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if vars, err := parseDotenv([]byte(s)); err == nil {
			for _, v := range vars {
				if !secretfile.IsEnvName(v.Name) {
					t.Errorf("%q: name %q", s, v.Name)
				}
			}
		}
		if strings.Contains(s, "'") {
			return
		}
		vars, err := parseDotenv([]byte("A='" + s + "'\nB=1\n"))
		if err != nil || len(vars) != 2 || vars[0].Value != s {
			t.Errorf("%q: got %q, %v", s, vars, err)
		}
	})
}
