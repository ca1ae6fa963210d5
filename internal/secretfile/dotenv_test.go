package secretfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/secretfile"
)

func TestParseDotenv(t *testing.T) {
	got, err := secretfile.ParseDotenv([]byte(`# comment

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

func TestFaultsTellLinesAndNoValue(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\ncanary\n":         "line 2: it is not NAME=VALUE",
		"1A=canary":             "line 1: it is not",
		"A-B=canary":            "line 1: it is not",
		"A='x\ny'\n\nB='canary": "line 4: B: its quote is not closed",
		"A='x\ny' canary":       "line 2: A: something follows",
		"A=1\nB=2\nA=canary":    "line 3: A is given already on line 1",
		"A=\"canary\\":          "line 1: A: its quote is not closed",
		"set A=canary":          "line 1: it is not",
	} {
		_, err := secretfile.ParseDotenv([]byte(text))
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
		if vars, err := secretfile.ParseDotenv([]byte(s)); err == nil {
			for _, v := range vars {
				if !secretfile.IsEnvName(v.Name) {
					t.Errorf("%q: name %q", s, v.Name)
				}
			}
		}
		if strings.Contains(s, "'") {
			return
		}
		vars, err := secretfile.ParseDotenv([]byte("A='" + s + "'\nB=1\n"))
		if err != nil || len(vars) != 2 || vars[0].Value != s {
			t.Errorf("%q: got %q, %v", s, vars, err)
		}
	})
}
