package mask_test

import (
	"encoding/json"
	"testing"

	"github.com/credrender/credrender/pkg/template/mask"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain ü\t日本":        "plain ü\t日本",
		"a\nb":               `a\u000ab`,
		"\x1b[31m":           `\u001b[31m`,
		"\u009b1m":           `\u009b1m`,
		"\x9b1m\xff":         `\x9b1m\xff`,
		"\u202e\u2066\u200b": `\u202e\u2066\u200b`,
		"\u2028\u2029":       `\u2028\u2029`,
		"\U000e0041":         `\U000e0041`,
		"\x00\x7f":           `\u0000\u007f`,
		"\ufffd":             "\ufffd",
	} {
		if got := mask.Visible(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := mask.VisibleLines("a\n\x1bb\n"); got != "a\n\\u001bb\n" {
		t.Errorf("lines: %q", got)
	}
}

// What VisibleJSON changes means what it did.
func TestVisibleJSON(t *testing.T) {
	want := "\x1b\u009b\u202e\u2028\x7f\U000e0041 ü\n\t\\"
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	shown := mask.VisibleJSON(text)
	for _, r := range string(shown) {
		if r > '~' && r != 'ü' {
			t.Errorf("%q holds %U", shown, r)
		}
	}
	var got string
	if err := json.Unmarshal(shown, &got); err != nil || got != want {
		t.Errorf("%s reads as %q, want %q: %v", shown, got, want, err)
	}
}
