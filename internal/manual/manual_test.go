package manual_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/manual"
)

func parse(t *testing.T, text string) manual.Page {
	t.Helper()
	page, err := manual.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

const page = "# Title of `it`\n\n<!-- not shown -->\nOne `word` and **bold**, [a link](other.md#x) and\n<https://example.com>.\n" +
	"**Fix.** Run it.\n\n## A `key`\n\n1. First\n   line.\n\n   Its own paragraph.\n2. Second.\n\nCode:\n\n    code *as is*\n\n    after an empty line\n\n" +
	"### secret NAME\n\n- a\\*b\n- `` a`b ``\n\n| key | | default |\n|---|---|---|\n| `a` | x \\| y | `1` |\n| `b` | z | |\n\n![A picture](x.svg)\n"

func TestText(t *testing.T) {
	want := "Title of `it`\n\n  One `word` and bold, a link and https://example.com.\n\n  Fix. Run it.\n\nA key\n\n" +
		"  1. First line.\n\n     Its own paragraph.\n  2. Second.\n\n  Code:\n\n      code *as is*\n\n      after an empty line\n\n" +
		"secret NAME\n\n  - a*b\n  - `a`b`\n\n  key         default\n  a    x | y  `1`\n  b    z\n"
	if diff := cmp.Diff(want, parse(t, page).Text()); diff != "" {
		t.Error(diff)
	}
}

func TestRoff(t *testing.T) {
	want := ".SH DESCRIPTION\nOne \\fBword\\fR and \\fBbold\\fR, a link and\nhttps://example.com.\n.PP\n\\fBFix.\\fR Run it.\n.SH \"A key\"\n" +
		".IP 1. 4\nFirst\nline.\n.PP\nIts own paragraph.\n.IP 2. 4\nSecond.\n.PP\nCode:\n.PP\n.RS 4\n.nf\ncode *as is*\n\nafter an empty line\n.fi\n.RE\n" +
		".SS \"secret NAME\"\n.IP \\(bu 2\na*b\n.IP \\(bu 2\n\\fBa\\(gab\\fR\n.TP\n\\fBa\\fR\nx | y\n.br\ndefault: \\fB1\\fR\n.TP\n\\fBb\\fR\nz\n"
	if diff := cmp.Diff(want, parse(t, page).Roff()); diff != "" {
		t.Error(diff)
	}
}

func TestLinks(t *testing.T) {
	if diff := cmp.Diff([]string{"other.md"}, parse(t, page).Links()); diff != "" {
		t.Error(diff)
	}
}

// Markdown that would be shown as it is written is an error.
func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"no title\n", "# T\n\n<div>\n", "# T\n\n> quoted\n", "# T\n\n---\n", "# T\n\n#### deep\n", "# T\n\n- item\n\n  > quoted\n"} {
		if _, err := manual.Parse(text); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}

// A section is found by its heading, by a part of it, and by an error message that has it.
func TestSection(t *testing.T) {
	p := parse(t, "# T\n\n## Group\n\n### `access denied`\n\nA.\n\n### `not found`\n\nB.\n\n## Other\n\nC.\n")
	for words, want := range map[string]string{
		"ACCESS": "A.", "error: secret a: access denied (x)": "A.", "group": "A. B.", "other": "C.", "nothing of it": "",
	} {
		var texts []string
		for _, b := range p.Section(words).Blocks {
			if b.Kind == manual.Paragraph {
				texts = append(texts, b.Text)
			}
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

// A table that is too wide becomes a list of its rows. Its third column keeps its title.
func TestWideTable(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 20))
	want := "T\n\n  a\n      word word word word word word word word word word word word word word word\n      word word word word word\n      default: 1\n\n  b\n      short\n"
	if diff := cmp.Diff(want, parse(t, "# T\n\n| key | meaning | default |\n|---|---|---|\n| `a` | "+long+" | 1 |\n| `b` | short | |\n").Text()); diff != "" {
		t.Error(diff)
	}
}

// A table without a head is a list of terms, with their text beside them.
func TestTerms(t *testing.T) {
	p := manual.Page{Title: "T", Blocks: []manual.Block{{Kind: manual.Table, Rows: [][]string{
		{"a", strings.TrimSpace(strings.Repeat("word ", 16)), "Default: 1"}, {"`--a-rather-long-flag FILE`", "x"}, {"bcd", "y"},
	}}}}
	want := "T\n\n  a                       word word word word word word word word word word word\n                          word word word word word\n                          Default: 1\n" +
		"  --a-rather-long-flag FILE\n                          x\n  bcd                     y\n"
	if diff := cmp.Diff(want, p.Text()); diff != "" {
		t.Error(diff)
	}
}

// Long lines of code are broken where their language permits it, so that what is copied
// still works.
func TestLongCode(t *testing.T) {
	for _, c := range []struct{ lang, line, want string }{
		{"", "credrender rotate db.password env=prod --apply './set the password' --verify ./log-in --revoke ./lock", "  credrender rotate db.password env=prod --apply './set the password' --verify \\\n      ./log-in --revoke ./lock"},
		{"yaml", `- {secret: web.tls.key, context: web, dest: /etc/nginx/tls.key, mode: "0600", owner: root}`, "  - {secret: web.tls.key, context: web, dest: /etc/nginx/tls.key, mode: \"0600\",\n      owner: root}"},
		{"", `x = {{ secret "aaaa bbbb" | default "cccccccccccccccccccccccccccccccccc dddddddddddd" | quote }} y z`, "  x = {{ secret \"aaaa bbbb\" | default\n      \"cccccccccccccccccccccccccccccccccc dddddddddddd\" | quote }} y z"},
		{"", "credrender doctor          # identity, clock, region, table, key, and the rights to each secret", "  credrender doctor          # identity, clock, region, table, key, and the\n      # rights to each secret"},
		{"", `proxy_set_header Authorization "Basic {{ printf "web:%s" (secret "web.upstream.password") | b64enc }}";`, "  proxy_set_header Authorization \"Basic {{ printf \"web:%s\" (secret\n      \"web.upstream.password\") | b64enc }}\";"},
		{"", strings.Repeat("x", 90), "  " + strings.Repeat("x", 90)},
	} {
		text := parse(t, "# T\n\n```"+c.lang+"\n"+c.line+"\n```\n").Text()
		if diff := cmp.Diff("T\n\n"+c.want+"\n", text); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEscapeAndQuote(t *testing.T) {
	for _, plain := range []string{"a*b*c", "`x`", "[a](b)", `back\slash`, "<http://x>", "plain"} {
		text := manual.Page{Title: manual.Escape(plain)}.Text()
		if got := strings.TrimSuffix(text, "\n"); got != plain {
			t.Errorf("Escape: %q becomes %q", plain, got)
		}
		p := manual.Page{Blocks: []manual.Block{{Kind: manual.Table, Rows: [][]string{{manual.Quote(plain), "x"}}}}}
		if got := p.Text(); got != "\n\n  "+plain+"  x\n" {
			t.Errorf("Quote: %q becomes %q", plain, got)
		}
	}
}

// What begins like a request of roff, or holds its escapes, is text.
func TestRoffEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"Names\n... and\n'x'": "Names\n\\&... and\n\\(aqx\\(aq\n",
		".x \\n --a":          "\\&.x \\en \\-\\-a\n",
	} {
		if got := manual.RoffText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
