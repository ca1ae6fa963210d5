package rotate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/rotate"
	"github.com/credrender/credrender/pkg/source"
)

func (w *world) ends(wantVersions []string, wantValid ...string) {
	w.t.Helper()
	if diff := cmp.Diff(map[string][]string{"db": wantVersions}, w.versions); diff != "" {
		w.t.Errorf("stored (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantValid, w.valid); diff != "" {
		w.t.Errorf("valid (-want +got):\n%s", diff)
	}
}

func TestRotate(t *testing.T) {
	w := newWorld(t)
	if err := w.run("two"); err != nil {
		t.Fatal(err)
	}
	w.ends([]string{"zero", "one", "two"}, "two")
	want := []string{"apply two/one", "verify two/one", "wait-for two/one", "revoke one/two"}
	if diff := cmp.Diff(want, w.ran); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// Whatever is killed before or after whichever effect, hosts read a value that works, and
// the next run finishes with the same candidate. Without an unfinished rotation the next
// run begins another.
func TestKilledAnywhere(t *testing.T) {
	whole := newWorld(t)
	if err := whole.run("two"); err != nil {
		t.Fatal(err)
	}
	if whole.events != 7 {
		t.Fatalf("a rotation has %d events, want 7", whole.events)
	}
	for at := 1; at <= whole.events; at++ {
		for _, late := range []bool{false, true} {
			w := newWorld(t)
			w.killAt, w.late = at, late
			if err := w.run("two"); !errors.Is(err, errKilled) {
				t.Fatalf("killed at %d: %v", at, err)
			}
			value := "two"
			switch {
			case at == 1 && !late: // nothing was kept
				value = "three"
			case at == whole.events && late: // nothing was left to do
				w.ends([]string{"zero", "one", "two"}, "two")
				continue
			}
			if err := w.run("three"); err != nil {
				t.Fatalf("killed at %d: the next run: %v", at, err)
			}
			w.ends([]string{"zero", "one", value}, value)
		}
	}
}

// A command that fails before publishing leaves the old value in force, and what apply
// did is undone. Killed anywhere in that, the next run starts over.
func TestFailsBeforePublishing(t *testing.T) {
	for _, step := range []rotate.Step{rotate.Apply, rotate.Verify} {
		broken := errors.New("does not work")
		fail := newWorld(t)
		fail.fails[step] = broken
		err := fail.run("two")
		failed, ok := errors.AsType[*rotate.StepError](err)
		if !ok || failed.Step != step || !errors.Is(err, broken) {
			t.Errorf("%s: %v", step, err)
		}
		fail.ends([]string{"zero", "one"}, "one")
		if last := fail.ran[len(fail.ran)-1]; last != "unapply two/one" {
			t.Errorf("%s: the last command is %s", step, last)
		}
		for at := 1; at <= fail.events; at++ {
			for _, late := range []bool{false, true} {
				w := newWorld(t)
				w.fails[step], w.killAt, w.late = broken, at, late
				if err := w.run("two"); err == nil {
					t.Fatalf("%s, killed at %d: no error", step, at)
				}
				if w.newest("db") != "one" {
					t.Errorf("%s, killed at %d: hosts read %q", step, at, w.newest("db"))
				}
				w.fails = nil
				if err := w.run("three"); err != nil {
					t.Fatalf("%s, killed at %d: the next run: %v", step, at, err)
				}
				if got := w.newest("db"); got != "two" && got != "three" || len(w.versions) != 1 || len(w.valid) != 1 {
					t.Errorf("%s, killed at %d: %q is newest of %v, valid %q", step, at, got, w.versions, w.valid)
				}
			}
		}
	}
}

// If unapply fails as well, both failures are told, and the candidate stays for another
// try.
func TestUnapplyFails(t *testing.T) {
	w := newWorld(t)
	w.fails[rotate.Verify], w.fails[rotate.Unapply] = errors.New("refused"), errors.New("no connection")
	err := w.run("two")
	if err == nil || !strings.Contains(err.Error(), "verify failed: refused") || !strings.Contains(err.Error(), "unapply failed: no connection") {
		t.Fatal(err)
	}
	if _, kept := w.versions["db.next"]; !kept || w.newest("db") != "one" {
		t.Errorf("stored: %v", w.versions)
	}
	w.fails = nil
	r, ctx := w.rotation()
	if state, err := r.State(ctx); state != rotate.Kept || err != nil {
		t.Errorf("state %v, %v", state, err)
	}
	if err := r.Abort(ctx); err != nil {
		t.Fatal(err)
	}
	w.ends([]string{"zero", "one"}, "one")
	if err := r.Abort(ctx); !errors.Is(err, rotate.ErrNone) {
		t.Errorf("nothing to abort: %v", err)
	}
}

// What somebody else stores in the middle of a rotation stays the newest, and the
// candidate is taken back, in the same run or in the next one.
func TestSomebodyElseWrites(t *testing.T) {
	other := func(w *world, event string) func(string) {
		return func(now string) {
			if now == event {
				w.before = nil
				w.versions["db"] = append(w.versions["db"], "other")
				w.valid = append(w.valid, "other")
			}
		}
	}
	for _, event := range []string{"apply", "verify", "put db"} {
		w := newWorld(t)
		w.before = other(w, event)
		if err := w.run("two"); !errors.Is(err, source.ErrChanged) {
			t.Errorf("before %s: %v", event, err)
		}
		w.ends([]string{"zero", "one", "other"}, "one", "other")
		if last := w.ran[len(w.ran)-1]; last != "unapply two/other" {
			t.Errorf("before %s: the last command is %s", event, last)
		}
	}
	w := newWorld(t)
	w.killAt = 3 // in verify
	if err := w.run("two"); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	other(w, "")("")
	if err := w.run("three"); !errors.Is(err, source.ErrChanged) {
		t.Errorf("the next run: %v", err)
	}
	w.ends([]string{"zero", "one", "other"}, "one", "other")
	// After publishing, another version is no reason to leave the old value valid.
	w = newWorld(t)
	w.before = other(w, "wait-for")
	if err := w.run("two"); err != nil {
		t.Fatal(err)
	}
	w.ends([]string{"zero", "one", "two", "other"}, "two", "other")
	w = newWorld(t)
	w.killAt = 6 // in revoke
	if err := w.run("two"); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	other(w, "")("")
	if err := w.run("three"); err != nil {
		t.Fatal(err)
	}
	w.ends([]string{"zero", "one", "two", "other"}, "two", "other")
}

// If another run has published the same candidate, a run in which verify fails takes
// nothing back.
func TestPublishedByAnotherRun(t *testing.T) {
	w := newWorld(t)
	w.fails[rotate.Verify] = errors.New("no connection")
	w.before = func(event string) {
		if event == "verify" {
			w.versions["db"] = append(w.versions["db"], "two")
		}
	}
	if err := w.run("two"); !errors.Is(err, rotate.ErrPublished) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(w.valid, []string{"one", "two"}) {
		t.Errorf("valid: %q", w.valid)
	}
}

// A publication whose answer is lost counts as one, and nothing is undone.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t)
	w.lost = true
	if err := w.run("two"); err != nil {
		t.Fatal(err)
	}
	w.ends([]string{"zero", "one", "two"}, "two")
	if slices.ContainsFunc(w.ran, func(s string) bool { return strings.HasPrefix(s, "unapply") }) {
		t.Errorf("commands: %q", w.ran)
	}
}

// An old value that is in force again is not revoked.
func TestRolledBack(t *testing.T) {
	w := newWorld(t)
	w.fails[rotate.WaitFor] = errors.New("hosts are late")
	failed, ok := errors.AsType[*rotate.StepError](w.run("two"))
	if !ok || failed.Step != rotate.WaitFor {
		t.Fatal(failed)
	}
	w.versions["db"] = append(w.versions["db"], "one")
	w.fails = nil
	if err := w.run("three"); !errors.Is(err, rotate.ErrInForce) {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(w.valid, "one") {
		t.Errorf("valid: %q", w.valid)
	}
	r, ctx := w.rotation()
	if err := r.Abort(ctx); !errors.Is(err, rotate.ErrPublished) {
		t.Errorf("abort: %v", err)
	}
}

func TestGivenValues(t *testing.T) {
	w := newWorld(t)
	if err := w.run("one"); !errors.Is(err, rotate.ErrSame) {
		t.Errorf("the same value: %v", err)
	}
	w.ends([]string{"zero", "one"}, "one")
	w.killAt = w.events + 2 // in apply
	if err := w.run("two"); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	given := source.NewSecret([]byte("three"))
	r, ctx := w.rotation()
	if err := r.Do(ctx, nil, &given); !errors.Is(err, rotate.ErrOther) {
		t.Errorf("another value: %v", err)
	}
	given = source.NewSecret([]byte("two"))
	r, ctx = w.rotation()
	if err := r.Do(ctx, nil, &given); err != nil {
		t.Errorf("the same candidate: %v", err)
	}
	w.ends([]string{"zero", "one", "two"}, "two")
	w.versions["db.next"] = []string{"not a candidate"}
	if err := w.run("three"); !errors.Is(err, source.ErrExists) || !strings.Contains(err.Error(), "db.next") {
		t.Errorf("a secret of that name: %v", err)
	}
	delete(w.versions, "db")
	if err := w.run("three"); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("no secret: %v", err)
	}
}
