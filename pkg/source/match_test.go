package source_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"*", []string{"", "a", "a.b/c ✓"}, nil},
		{"db", []string{"db"}, []string{"", "db.", "adb"}},
		{"", []string{""}, []string{"a"}},
		{"db.*", []string{"db.", "db.password"}, []string{"db", "dbx", "a.db.x"}},
		{"*.key", []string{".key", "tls.key"}, []string{"tls.keys", "key"}},
		{"a*b*c", []string{"abc", "aXbYc", "abbc", "acbc"}, []string{"ac", "abcd", "acb"}},
		{"aa*aa", []string{"aaaa", "aaxaa"}, []string{"aa", "aaa"}},
		{"*ab*ab*", []string{"abab", "xabxabx"}, []string{"ab", "aab", "bab"}},
		{"a**b", []string{"ab", "axb"}, []string{"a"}},
		{"a.[b]+?", []string{"a.[b]+?"}, []string{"axb", "a.b"}}, // no other character is special
	}
	for _, tt := range tests {
		for _, name := range tt.yes {
			if !source.Match(tt.pattern, name) {
				t.Errorf("%q does not match %q", tt.pattern, name)
			}
		}
		for _, name := range tt.no {
			if source.Match(tt.pattern, name) {
				t.Errorf("%q matches %q", tt.pattern, name)
			}
		}
	}
}

// TestMatchIsFast: the classic pattern that backtracking takes forever over.
func TestMatchIsFast(t *testing.T) {
	if source.Match(strings.Repeat("a*", 200)+"b", strings.Repeat("a", 100_000)) {
		t.Error("matches")
	}
}
