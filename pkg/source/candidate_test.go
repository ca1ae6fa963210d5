package source_test

import (
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

func TestCandidates(t *testing.T) {
	for _, value := range []string{"plain", "", "a\nb\x00\xff\n", "credrender candidate after version 7\n"} {
		stored := source.MarkCandidate(source.NewSecret([]byte(value)), "0000000000000000007")
		got, after, ok := source.ParseCandidate(stored)
		if !ok || after != "0000000000000000007" || string(got.Reveal()) != value {
			t.Errorf("%q: %q after %q, %v", value, got.Reveal(), after, ok)
		}
	}
	for _, value := range []string{"", "plain", "credrender candidate after version 7"} {
		if _, _, ok := source.ParseCandidate(source.NewSecret([]byte(value))); ok {
			t.Errorf("%q is a candidate", value)
		}
	}
}

// Patterns leave out candidates, and nothing else whose name or value looks similar.
func TestDropCandidates(t *testing.T) {
	plain := source.Result{Secret: source.NewSecret([]byte("v"))}
	candidate := source.Result{Secret: source.MarkCandidate(plain.Secret, "1")}
	got := source.DropCandidates(map[string]source.Result{
		"db": plain, "db.next": candidate, "app.next": plain, "note": candidate, "lost.next": {Err: source.ErrDenied},
	})
	if _, ok := got["db.next"]; ok || len(got) != 4 {
		t.Errorf("left: %v", got)
	}
}
