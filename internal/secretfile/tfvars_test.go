package secretfile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/secretfile"
)

// What Terraform computes is no value: its text is not what Terraform would read.
func TestTfvarsRefusesExpressions(t *testing.T) {
	for _, x := range []string{
		"1 + 1", "true ? 1 : 2", "(1)", "(\"hunter2\")", "!true", "- 1", "- -1", "-(1)", "1 == 1", "\"a\" == \"b\"", "\"${1}\"", "\"a${1}\"", "\"a${true}\"",
		"\"a${\"b\"}\"", "\"%{ if true }a%{ endif }\"", "<<EOT\n${1}\nEOT", "{a = 1}.a", "[1][0]",
	} {
		_, err := secretfile.Parse(secretfile.Tfvars, []byte("a = \"x\"\nb = "+x+"\n"))
		if err == nil || err.Error() != "line 2: b: an expression, not a value" {
			t.Errorf("%s: got %v", x, err)
		}
	}
}

func TestTfvarsReadsLiterals(t *testing.T) {
	const text = "a = -5\nb = -0.50\nc = 1e3\nd = \"\"\ne = false\nf = <<EOT\n$${x}\nEOT\n"
	want := map[string]string{"a": "-5", "b": "-0.50", "c": "1e3", "d": "", "e": "false", "f": "${x}\n"}
	if diff := cmp.Diff(want, parse(t, secretfile.Tfvars, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
