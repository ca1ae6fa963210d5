package source_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

var configured = []string{"payments", "pay"}

func TestParse(t *testing.T) {
	prod := newContext(t, map[string]string{"env": "prod"})
	tests := []struct {
		in   string
		want source.Ref
	}{
		{"db.password", source.Ref{Name: "db.password"}},
		{"ssm:/app/key", source.Ref{Source: "ssm", Name: "/app/key"}},
		{"s3://bucket/a/key", source.Ref{Source: "s3", Name: "bucket/a/key"}},
		{"s3:bucket/key", source.Ref{Source: "s3", Name: "bucket/key"}},
		{"sm:arn:aws:secretsmanager:eu-west-1:123456789012:secret:x", source.Ref{Source: "sm", Name: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"}},
		{"payments:db.password", source.Ref{Source: "payments", Name: "db.password"}},
		{"pay:ments:x", source.Ref{Source: "pay", Name: "ments:x"}},
		// A colon is legal in a name.
		{"billing:db.password", source.Ref{Name: "billing:db.password"}},
		{"SSM:/app/key", source.Ref{Name: "SSM:/app/key"}},
		{":x", source.Ref{Name: ":x"}},
		{"https://example.com/", source.Ref{Name: "https://example.com/"}},

		{"db?env=prod", source.Ref{Name: "db", Context: prod}},
		{"payments:db?env=prod", source.Ref{Source: "payments", Name: "db", Context: prod}},
		{"db?b=2&a=1", source.Ref{Name: "db", Context: newContext(t, map[string]string{"a": "1", "b": "2"})}},
		{"db?k=a=b", source.Ref{Name: "db", Context: newContext(t, map[string]string{"k": "a=b"})}},
		{"db?env=prod&env=prod", source.Ref{Name: "db", Context: prod}},
		{"db?k=", source.Ref{Name: "db", Context: newContext(t, map[string]string{"k": ""})}},
		{"db?a%26b=c%3Dd%20e+f", source.Ref{Name: "db", Context: newContext(t, map[string]string{"a&b": "c=d e+f"})}},
		{"what?k=v?env=prod", source.Ref{Name: "what?k=v", Context: prod}},
		// Text without a pair belongs to the name.
		{"really?", source.Ref{Name: "really?"}},
		{"a?b", source.Ref{Name: "a?b"}},
		{"a?=v", source.Ref{Name: "a?=v"}},
		{"a?env=prod?", source.Ref{Name: "a?env=prod?"}},
		{"a b\tc", source.Ref{Name: "a b\tc"}},
	}
	for _, tt := range tests {
		got, err := source.Parse(tt.in, configured)
		if got != tt.want || err != nil {
			t.Errorf("%q: got %#v, %v, want %#v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "ssm:", "s3:", "s3://", "sm:?k=v", "payments:", "?env=prod", "\xff", "s3://\xff", "db?k=%ff",
		"a?k=v&", "a?k=v&k=w", "a?k=v&x", "a?=x&k=v", "a?k=%zz", "ssm:/a?k=v&k=w"} {
		if got, err := source.Parse(s, configured); !errors.Is(err, source.ErrRef) || got != (source.Ref{}) {
			t.Errorf("%q: got %#v, %v", s, got, err)
		}
	}
}

// TestParseName: in a template's secret function the context has arguments of
// its own, and a question mark is part of the name.
func TestParseName(t *testing.T) {
	for in, want := range map[string]source.Ref{
		"db?env=prod":          {Name: "db?env=prod"},
		"payments:db?env=prod": {Source: "payments", Name: "db?env=prod"},
	} {
		if got, err := source.ParseName(in, configured); got != want || err != nil {
			t.Errorf("%q: got %#v, %v", in, got, err)
		}
	}
}

func TestRefString(t *testing.T) {
	prod := newContext(t, map[string]string{"env": "prod"})
	for want, r := range map[string]source.Ref{
		"db.password":                      {Name: "db.password"},
		"db.password version 7 (env=prod)": {Name: "db.password", Version: "7", Context: prod},
		"ssm:/app/key":                     {Source: "ssm", Name: "/app/key"},
		"s3://bucket/key":                  {Source: "s3", Name: "bucket/key"},
		`"a\nb" version "\x1b"`:            {Name: "a\nb", Version: "\x1b"},
		`"" (env=prod)`:                    {Context: prod},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestShow: what comes from a table may not move the cursor, hide or reorder
// what a terminal shows.
func TestShow(t *testing.T) {
	for in, want := range map[string]string{
		"db.password": "db.password", "pässwörd 🔐 名前": "pässwörd 🔐 名前", "two words": "two words", "": `""`, "a\nb": `"a\nb"`, "\x1b[2J": `"\x1b[2J"`,
		"\u202eabc": `"\u202eabc"`, "a\u200bb": `"a\u200bb"`, "a\u00a0b": `"a\u00a0b"`, "\xff": `"\xff"`, "\x7f": `"\x7f"`, `it's "x"`: `it's "x"`,
	} {
		if got := source.Show(in); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestRefErrorKeepsItsCause(t *testing.T) {
	err := error(&source.RefError{Ref: source.Ref{Name: "db"}, Err: source.ErrDenied})
	if !errors.Is(err, source.ErrDenied) || err.Error() != "secret db: access denied" {
		t.Errorf("got %v", err)
	}
}

// FuzzParse: no panic; a ref without a fault is one that a table can hold, whose
// text shows no control character; and no byte of what was given is lost.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"db", "ssm:/a", "s3://b/k?env=prod", "payments:x?a=1&b=2", "a?k=%zz", "?", ":", "%ff?%41=%42", "s3:////"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := source.Parse(s, configured)
		if err != nil {
			if r != (source.Ref{}) || !errors.Is(err, source.ErrRef) {
				t.Errorf("got %#v, %v", r, err)
			}
			return
		}
		if r.Name == "" || !utf8.ValidString(r.Name) || !strings.Contains(s, r.Name) || r.Version != "" {
			t.Errorf("%q: name %q, version %q", s, r.Name, r.Version)
		}
		if r.Context.IsZero() {
			if named, err := source.ParseName(s, configured); named != r || err != nil {
				t.Errorf("%q: %#v without a context, %#v as a name", s, r, named)
			}
		}
		if shown := r.String(); strings.ContainsFunc(shown, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Errorf("%q shows as %q", s, shown)
		}
	})
}
