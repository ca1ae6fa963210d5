package secretfile_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/secretfile"
)

// What a shell would expand, join or run is not guessed. An error shows no value.
func TestShellRefusesWhatShellsExpand(t *testing.T) {
	const special, quoted, blank = "treats specially", "in double quotes", "white space around the ="
	for text, want := range map[string]string{
		`export A=canary\ b`: special, `export A=$'canary\ny'`: special, `export A=canary B=2`: special, `A=canary;B=y`: special,
		`A=canary && id`: special, `A=canary & id`: special, `A=$(canary)`: special, "A=canary`id`": special, `A=$canary`: special,
		`A=canary|id`: special, `A=canary>f`: special, `A=canary<f`: special, `A=(canary)`: special, `A=canary'x'`: special,
		`A=canary"x"`: special, `A=canary*`: special, `A=canary?`: special, `A=canary[a]`: special, `A=~/canary`: special,
		`A=canary:~/x`: special, `A={canary,b}`: special, `A=canary#b`: special, `A=#canary`: special, "A=canary\tb": special,
		"A=canary\\\nB=1": special, "A=canary\rB=1": special, "A=\rcanary": special, "A='canary'\rx": "after the closing quote", "A=canary\u00a0": special, "A=canary # c\nB=canary;c": "line 2: B: it contains",
		`A="canary$x"`: quoted, "A=\"canary`id`\"": quoted, `A="canary\n"`: quoted, "A=\"canary\\\nb\"": quoted,
		`A = canary`: blank, `A= canary`: blank, `A= 'canary'`: blank, `export A ='canary'`: blank, "export\u00a0A=canary": blank,
		`A='canary'#b`: "after the closing quote", "A='canary'\u00a0": "after the closing quote", `A='canary';B=1`: "after the closing quote",
		`A='canary'\''b'`: "after the closing quote",
	} {
		got, err := secretfile.Parse(secretfile.Shell, []byte("# c\n"+text+"\n"))
		if !strings.HasPrefix(want, "line") && err != nil && !strings.HasPrefix(err.Error(), "line 2: A: ") {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil || !strings.Contains(err.Error(), strings.Replace(want, "line 2", "line 3", 1)) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: got %v, %v; want %q", text, reveal(got), err, want)
		}
	}
}

// Values that every shell takes as they are, and all that Write writes, are read.
func TestShellReadsLiteralValues(t *testing.T) {
	for text, want := range map[string]string{
		`export A=a/b:c@d%e+f=g,h.i-j_k!^]}é`: "a/b:c@d%e+f=g,h.i-j_k!^]}é", "A=": "", "A= # c": "", "A=x # c": "x", "A=x  \r": "x", `A=''`: "",
		`A='$x \n # ;'`: `$x \n # ;`, "A='x' # c": "x", `A="it's \$5 \\ \" # ;"`: `it's $5 \ " # ;`, "A=\"a\nb\"": "a\nb", "\texport\tA=x~": "x~",
	} {
		if got := parse(t, secretfile.Shell, text+"\n")["A"]; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
