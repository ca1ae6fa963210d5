package render_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadersFollowWriters: a reader is rendered after what it reads, and what
// both ask for is fetched in one batch.
func TestReadersFollowWriters(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("one"))
	h.put("b", "", []byte("two"))
	h.add("reader", `{{ file "`+h.path("writer")+`" }}{{ secret "b" }}`)
	h.add("writer", `{{ secret "a" }}`)
	report := h.render(h.jobs...)
	if got, err := os.ReadFile(h.path("reader")); string(got) != "onetwo" {
		t.Errorf("the reader holds %q, %v", got, err)
	}
	if report.Stats.Batches != 1 {
		t.Errorf("%d batches, want 1", report.Stats.Batches)
	}
	if got := []string{report.Jobs[0].Job.Name, report.Jobs[1].Job.Name}; !slices.Equal(got, []string{"reader", "writer"}) {
		t.Errorf("reported as %v, want the order of the config", got)
	}
}

// TestTickWakesReaders: a job of which nothing has changed is rendered with the
// one whose destination it reads.
func TestTickWakesReaders(t *testing.T) {
	h := newHost(t)
	h.put("a", "", []byte("one"))
	h.put("b", "", []byte("other"))
	h.add("writer", `{{ secret "a" }}`)
	h.add("reader", `{{ file "`+h.path("writer")+`" }}`)
	h.add("second", `{{ file "`+h.path("reader")+`" }}`)
	h.add("other", `{{ secret "b" }}`)
	h.render(h.jobs...)
	if busy := h.tick(); len(busy) > 0 {
		t.Fatalf("nothing has changed, and %v were rendered", busy)
	}
	h.put("a", "", []byte("two"))
	if diff := cmp.Diff([]string{"writer", "reader", "second"}, h.tick()); diff != "" {
		t.Errorf("rendered (-want +got):\n%s", diff)
	}
	if got, _ := os.ReadFile(h.path("second")); string(got) != "two" {
		t.Errorf("the last reader holds %q", got)
	}
	if busy := h.tick(); len(busy) > 0 {
		t.Errorf("the tick after rendered %v", busy)
	}

	h.put("a", "", []byte("three"))
	report := h.render(h.jobs...) // probes as a tick does
	for _, j := range report.Jobs {
		if want := j.Job.Name == "other"; j.Unchanged != want {
			t.Errorf("%s quiet: %v", j.Job.Name, j.Unchanged)
		}
	}
	if got, _ := os.ReadFile(h.path("second")); string(got) != "three" {
		t.Errorf("the last reader holds %q", got)
	}
	if busy := h.tick(); len(busy) > 0 {
		t.Errorf("the tick after the render of all rendered %v", busy)
	}
}
