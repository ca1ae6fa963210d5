package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every state of a job has a badge in words, the worst first.
func TestStatusBadges(t *testing.T) {
	run := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	until := map[string]time.Time{"db.password": run}
	for name, c := range map[string]struct {
		job  jobStatus
		want []string
	}{
		"new":           {jobStatus{}, []string{"idle not run yet"}},
		"ok":            {jobStatus{LastRun: run}, []string{"good ok"}},
		"failed":        {jobStatus{LastRun: run, Code: 3}, []string{"bad failed (3)"}},
		"never started": {jobStatus{Code: 1}, []string{"bad failed (1)"}},
		"interrupted":   {jobStatus{LastRun: run, Code: 1, Interrupted: true}, []string{"bad interrupted"}},
		"hook":          {jobStatus{LastRun: run, Code: 5, HookPending: true}, []string{"bad failed (5)", "warn hook pending"}},
		"held, new":     {jobStatus{HeldUntil: run}, []string{"warn held"}},
		"all": {
			jobStatus{LastRun: run, Overridden: until, HeldUntil: run, Altered: map[string]string{"/x": "is missing"}},
			[]string{"warn altered", "warn overridden", "warn held"},
		},
	} {
		var got []string
		for _, b := range (&statusJob{c.job}).Badges() {
			got = append(got, b.Level+" "+b.Text)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestStatusAgo(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "0 s ago", 59 * time.Second: "59 s ago", 61 * time.Second: "1 min ago", 90 * time.Minute: "1 h 30 min ago",
		49 * time.Hour: "2 days ago", -30 * time.Second: "in 30 s", -25 * time.Hour: "in 25 h 0 min", -72 * time.Hour: "in 3 days",
	} {
		if got := ago(now, now.Add(-d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// What names hold is text on the page, whatever it is.
func TestStatusPageEscapes(t *testing.T) {
	const hostile = `</title><script>alert(1)</script>" onload="x`
	hostileJob := jobStatus{
		Job: hostile, Error: hostile, Files: []string{"/" + hostile}, Altered: map[string]string{"/" + hostile: hostile}, Config: "/" + hostile,
		Versions: map[string]string{hostile: hostile}, HeldReason: hostile, HeldUntil: time.Now(), Schedule: hostile, Zone: hostile,
		PendingHook: &pendingHook{Error: hostile + "2"}, HookPending: true, Overridden: map[string]time.Time{hostile: time.Now()},
	}
	page := statusPage{Host: hostile, Version: hostile, StateDir: hostile, Configs: []string{hostile}, Notes: []statusNote{{levelBad, hostile, hostile}}, Jobs: []statusJob{{hostileJob}}}
	text, err := page.html()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "<script") || strings.Contains(string(text), `" onload`) {
		t.Errorf("markup from a name:\n%s", text)
	}
	if n := strings.Count(string(text), "&lt;script&gt;alert(1)"); n < 15 {
		t.Errorf("%d names on the page:\n%s", n, text)
	}
}
