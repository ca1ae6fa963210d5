package txn_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/test/fsystest"
)

// harmless are the syncs that nothing depends on, and why they are made.
func harmless() map[string]string {
	return map[string]string{
		"after done.synced: the journal's directory": "the hook would run once more",
		"after recover.end: the journal's directory": "the hook would run once more",
		"after undo.synced: the journal's directory": "undone once more, and a hook that verify cancelled would run",
		"after undo.file: the journal's directory":   "undone once more",
	}
}

// TestEverySyncMatters leaves out one sync at a time: the model notices, and
// docs/dev/crash-tests.md has the table. A harmless sync is left out of each story only with
// TXN_SYNCS=all (make exhaustive), and otherwise of the first that makes it.
func TestEverySyncMatters(t *testing.T) {
	stories, all := stories(), os.Getenv("TXN_SYNCS") == "all"
	tell := func(name, skip string) *model {
		m := newModel()
		m.skip = skip
		stories[name](m)
		m.explore(t)
		return m
	}
	where := map[string][]string{} // the stories in which a sync is made
	for _, name := range []string{"installed", "refused", "in place", "in place, refused", "pending", "one file", "one new file", "nothing but removed", "removed, refused"} {
		for sync := range whole(t, name).syncs {
			where[sync] = append(where[sync], name)
		}
	}
	page, err := os.ReadFile("../../docs/dev/crash-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, skip := range slices.Sorted(maps.Keys(where)) {
		t.Run(skip, func(t *testing.T) {
			t.Parallel()
			why, ok := harmless()[skip]
			found := map[string]string{}
			for i, name := range where[skip] {
				if len(found) == 0 && (i == 0 || !ok || all) {
					found = tell(name, skip).bad
				}
			}
			violations := strings.Join(slices.Sorted(maps.Keys(found)), ", ")
			if ok == (len(found) > 0) {
				t.Errorf("without it: violations %q, harmless: %v", violations, ok)
			}
			t.Logf("without it: %s", cmp.Or(violations, why))
			when, what, _ := strings.Cut(skip, ": ")
			row := fmt.Sprintf("| %s | %s | %s |\n", when, what, cmp.Or(violations, "none: "+why))
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/dev/crash-tests.md does not have %s", row)
			}
		})
	}
}

// TestSyncs counts what a change costs: a sync takes as long as the disk does, and ten
// files of ten jobs have ten times as many. The journal takes two for each phase.
func TestSyncs(t *testing.T) {
	for _, tt := range []struct {
		story string
		want  int
	}{
		{"one new file", 6}, {"one file", 7}, {"installed", 19},
	} {
		m := newModel()
		stories()[tt.story](m)
		s, got := m.disk(t), 0
		m.change(t, &fsystest.Hook{FS: s, Before: func(op fsystest.Op) error {
			if op.Name == "sync" {
				got++
			}
			return nil
		}}, &world{})
		if got != tt.want {
			t.Errorf("%s: %d syncs, want %d", tt.story, got, tt.want)
		}
	}
}
