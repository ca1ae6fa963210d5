package mask_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template/mask"
)

// text builds a Text from parts: {x} is a hidden x under the label "secret s",
// {} an empty one.
func text(parts string, literals ...string) mask.Text {
	var b []byte
	var spans []mask.Span
	for i, part := range strings.FieldsFunc(strings.ReplaceAll(parts, "{}", "{\x00}"), func(r rune) bool { return r == '{' || r == '}' }) {
		part = strings.ReplaceAll(part, "\x00", "")
		if hidden := i%2 == 1; hidden != strings.HasPrefix(parts, "{") {
			spans = append(spans, mask.Span{Start: len(b), End: len(b) + len(part), Label: "secret s"})
		}
		b = append(b, part...)
	}
	return mask.New(b, spans, literals)
}

func TestDiff(t *testing.T) {
	const head = "--- f\n+++ f\n"
	for _, c := range []struct {
		name, old string
		text      mask.Text
		want      string
	}{
		{"equal", "a\nb\n", text("a\n{b}\n"), ""},
		{"value", "user u\npass old\nend\n", text("user u\npass {new}\nend\n"),
			"@@ -1,3 +1,3 @@\n user u\n- (hidden)\n+pass (secret s)\n end\n"},
		{"clean change", "port 1\n", text("port 2\n"), "@@ -1 +1 @@\n- (hidden)\n+port 2\n"},
		{"removed line of the template", "a\nssl on;\nb\n", text("a\nb\n", "ssl on;"), "@@ -1,3 +1,2 @@\n a\n-ssl on;\n b\n"},
		{"removed line that is elsewhere", "x\na\nx\n", text("a\nx\n"), "@@ -1,3 +1,2 @@\n-x\n a\n x\n"},
		{"removed line equal to a hidden one", "s3cret\nb\nc\n", text("b\nc\n{s3cret}\n"), "@@ -1,3 +1,3 @@\n- (hidden)\n b\n c\n+(secret s)\n"},
		{"many lines", "a\n1\n2\n3\nb\n", text("a\n{4\n5\n6\n7\n}b\n"), "@@ -1,5 +1,6 @@\n a\n- (hidden) (3 lines)\n+(secret s) (4 lines)\n b\n"},
		{"unchanged secret in context", "s3cret\nport 1\n", text("{s3cret}\nport 2\n"), "@@ -1,2 +1,2 @@\n (secret s)\n- (hidden)\n+port 2\n"},
		{"no newline before", "a\nb", text("a\n{c}\n"), "@@ -1,2 +1,2 @@\n a\n- (hidden)\n\\ No newline at end of file\n+(secret s)\n"},
		{"no newline after", "a\nb\n", text("a\n{b}"), "@@ -1,2 +1,2 @@\n a\n- (hidden)\n+(secret s)\n\\ No newline at end of file\n"},
		{"newline in the secret", "a\nb", text("a\n{b\n}"), "@@ -1,2 +1,2 @@\n a\n- (hidden)\n\\ No newline at end of file\n+(secret s)\n"},
		{"emptied", "a\n", text(""), "@@ -1 +0,0 @@\n- (hidden)\n"},
		{"empty secret", "a\n", text("a={}\n"), "@@ -1 +1 @@\n- (hidden)\n+a=(secret s)\n"},
		{"empty secret at the end", "a\n", text("a={}"), "@@ -1 +1 @@\n- (hidden)\n+a=(secret s)\n\\ No newline at end of file\n"},
		{"equal lines that may be shown", "a\n", text("a\nb\nb\n"), "@@ -1 +1,3 @@\n a\n+b\n+b\n"},
		{"binary old", "\x00", text("a\n"), "Binary files differ\n"},
		{"binary new", "a\n", text("{\xff}\n"), "Binary files differ\n"},
		{"control characters", "a\n", text("a\n\x1b[2J\u202e{x}\r\n"), "@@ -1 +1,2 @@\n a\n+\\u001b[2J\\u202e(secret s)\\u000d\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want != "" {
				want = head + want
			}
			if diff := cmp.Diff(want, mask.Diff("f", []byte(c.old), c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDiffOfNewFile(t *testing.T) {
	want := "--- /dev/null\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+(secret s)\n"
	if diff := cmp.Diff(want, mask.Diff("f", nil, text("a\n{b}\n"))); diff != "" {
		t.Error(diff)
	}
	if got, want := mask.Diff("f", nil, text("")), "--- /dev/null\n+++ f\n"; got != want {
		t.Errorf("empty file: got %q, want %q", got, want)
	}
	if got := mask.Diff("f", []byte{}, text("")); got != "" {
		t.Errorf("empty file that is there: got %q", got)
	}
}

func TestHidden(t *testing.T) {
	secret := mask.Hidden("secret web.tls.key", []byte("-----BEGIN-----\nabc\ndef\n-----END-----\n"))
	want := "--- k\n+++ k\n@@ -1,2 +1,4 @@\n- (hidden) (2 lines)\n+(secret web.tls.key) (4 lines)\n"
	if diff := cmp.Diff(want, mask.Diff("k", []byte("old\nkey\n"), secret)); diff != "" {
		t.Error(diff)
	}
	shown := fmt.Sprintf("%s %v %+v %#v %q %x", secret, secret, secret, secret, secret, secret)
	if strings.Contains(shown, "abc") || strings.Contains(shown, "616263") || !strings.Contains(shown, "(secret web.tls.key)") {
		t.Errorf("shown as %s", shown)
	}
}

// Whatever the texts, no hidden byte and no old line shows.
func FuzzDiff(f *testing.F) {
	f.Add("a\nb\n", "a\n", 1, 2)
	f.Add("x", "x\ny\nz", 0, 5)
	f.Add("\n\n", "\n", 0, 1)
	f.Add("a\nb\nc\nd\ne\nf\ng\nh\n", "b\nc\nd\ne\nf\ng\nh\ni", 3, 3)
	f.Fuzz(func(t *testing.T, old, plain string, from, to int) {
		clean := func(s string) string { // so that the marks below stand out
			return strings.Map(func(r rune) rune {
				if r == 'X' || r == 'O' || r == '\\' || r < ' ' && r != '\n' {
					return '.'
				}
				return r
			}, strings.ToValidUTF8(s, "."))
		}
		plain = clean(plain)
		from, to = max(0, min(from, len(plain))), max(0, min(to, len(plain)))
		from, to = min(from, to), max(from, to)
		bytes := plain[:from] + "X" + plain[from:to] + "X" + plain[to:]
		masked := mask.New([]byte(bytes), []mask.Span{{Start: from, End: to + 2, Label: "l"}}, nil)
		old = strings.ReplaceAll(clean(old), "\n", "O\n")
		for _, shown := range []string{mask.Diff("f", []byte(old), masked), mask.Diff("f", nil, masked), masked.String()} {
			if strings.ContainsAny(shown, "XO") {
				t.Errorf("hidden bytes or old lines show in\n%s", shown)
			}
		}
	})
}
