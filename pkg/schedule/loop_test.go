package schedule_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/schedule"
)

func entry(t *testing.T, id, spec string, splay time.Duration) schedule.Entry {
	t.Helper()
	s, err := schedule.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return schedule.Entry{ID: id, Schedule: s, Splay: splay}
}

// log notes what ran when; it takes a while over each set.
type log struct {
	now   func() time.Time
	takes time.Duration
	lines []string
	runs  map[string]int
}

func (l *log) do(_ context.Context, due schedule.Due) func(*schedule.Plan) {
	line := l.now().UTC().Format("15:04:05") + " " + strings.Join(due.IDs, " ")
	for _, id := range due.IDs {
		l.runs[id]++
		if n := due.Skipped[id]; n > 0 {
			line += fmt.Sprintf(" (%s skipped %d)", id, n)
		}
	}
	l.lines = append(l.lines, line)
	time.Sleep(l.takes)
	return nil
}

// runFor runs a loop over entries for d of the bubble's time, which begins at
// midnight UTC on 2000-01-01.
func runFor(t *testing.T, d, takes time.Duration, now func() time.Time, entries ...schedule.Entry) *log {
	t.Helper()
	l := &log{now: now, takes: takes, runs: map[string]int{}}
	plan := schedule.NewPlan("host")
	plan.Set(now(), entries)
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	schedule.NewLoop(now, plan, l.do).Run(ctx)
	return l
}

// A day of three jobs: each runs at its start and at each of its ticks, those
// that are due together in one set.
func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := runFor(t, 24*time.Hour-time.Second, 2*time.Second, time.Now,
			entry(t, "often", "*/5 * * * *", 0), entry(t, "hourly", "CRON_TZ=UTC 0 * * * *", 0), entry(t, "nightly", "30 2 * * *", 0))
		if diff := cmp.Diff(map[string]int{"often": 288, "hourly": 24, "nightly": 2}, l.runs); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		if len(l.lines) != 288 {
			t.Errorf("%d sets, want 288: those that are due together run together", len(l.lines))
		}
		want := []string{"00:00:00 often hourly nightly", "00:05:00 often", "00:10:00 often"}
		if diff := cmp.Diff(want, l.lines[:3]); diff != "" {
			t.Errorf("first runs (-want +got):\n%s", diff)
		}
		if got, want := l.lines[30], "02:30:00 often nightly"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A run that takes longer than a tick delays the next and overlaps nothing;
// what passed is counted.
func TestSlowRunsSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := runFor(t, 7*time.Minute, 150*time.Second, time.Now, entry(t, "a", "* * * * *", 0))
		want := []string{"00:00:00 a", "00:02:30 a (a skipped 1)", "00:05:00 a (a skipped 2)"}
		if diff := cmp.Diff(want, l.lines); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}

// A clock that is set forward, back by an hour and back by a year: nothing
// stops, nothing runs wild.
func TestClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		now := func() time.Time {
			at := time.Now().Round(0)
			jumps := []time.Duration{0, 5 * time.Hour, 4 * time.Hour, -365 * 24 * time.Hour}
			return at.Add(jumps[min(int(at.Sub(began)/(6*time.Hour)), 3)])
		}
		l := runFor(t, 24*time.Hour-time.Second, time.Second, now, entry(t, "a", "0 * * * *", 0))
		// Each jump back costs an hour at most, and is not felt after it.
		if n := l.runs["a"]; n != 22 {
			t.Errorf("%d runs in 24 hours of hourly ticks, want 22:\n%s", n, strings.Join(l.lines, "\n"))
		}
		if !slices.Contains(l.lines, "11:00:00 a (a skipped 5)") {
			t.Errorf("the jump over five ticks is not said:\n%s", strings.Join(l.lines, "\n"))
		}
	})
}

// Reloads do not put @every off, and a change of the plan during a run counts
// at once.
func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{now: time.Now, runs: map[string]int{}}
		plan := schedule.NewPlan("host")
		every := entry(t, "a", "@every 10m", 0)
		plan.Set(time.Now(), []schedule.Entry{every})
		loop := schedule.NewLoop(time.Now, plan, l.do)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Second)
		defer cancel()
		go func() {
			for range 20 {
				time.Sleep(3 * time.Minute)
				loop.Change(func(p *schedule.Plan) { p.Set(time.Now(), []schedule.Entry{every}) })
			}
		}()
		loop.Run(ctx)
		if got := l.runs["a"]; got != 7 {
			t.Errorf("%d runs, want 7:\n%s", got, strings.Join(l.lines, "\n"))
		}
		loop.Change(func(*schedule.Plan) { t.Error("changed after its end") })
	})
}

// The end waits for what runs, and starts nothing.
func TestEndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		finished := 0
		plan := schedule.NewPlan("host")
		plan.Set(time.Now(), []schedule.Entry{entry(t, "a", "* * * * * *", 0)})
		loop := schedule.NewLoop(time.Now, plan, func(ctx context.Context, _ schedule.Due) func(*schedule.Plan) {
			cancel()
			time.Sleep(time.Minute)
			if ctx.Err() != nil {
				t.Error("the run was told to end")
			}
			finished++
			return nil
		})
		beats := 0
		loop.Every = time.Second
		loop.Beat = func(running time.Duration) {
			if running > 0 {
				beats++
			}
		}
		loop.Run(ctx)
		if finished != 1 || beats < 60 {
			t.Errorf("%d runs, %d beats", finished, beats)
		}
	})
}

func TestPlanRetries(t *testing.T) {
	start := at(t, "2026-03-02T00:00:00Z")
	p := schedule.NewPlan("host")
	p.Set(start, []schedule.Entry{entry(t, "rare", "@daily", 0), entry(t, "often", "* * * * *", 0), {ID: "once"}})
	if got := p.Take(start); len(got.IDs) != 3 {
		t.Fatalf("got %v, want all at the start", got)
	}
	p.Hold("rare", start.Add(10*time.Second))
	p.Hold("often", start.Add(5*time.Minute))
	p.Sooner("often", start.Add(10*time.Minute))
	if got := p.Take(start.Add(2 * time.Minute)); len(got.IDs) != 1 || got.IDs[0] != "rare" {
		t.Errorf("got %v, want the one that is held off for less", got)
	}
	if got, want := p.When("rare"), start.Add(24*time.Hour); !got.Equal(want) {
		t.Errorf("after its retry it is due at %v, want %v", got, want)
	}
	p.Sooner("rare", start.Add(3*time.Minute))
	if got, _ := p.Next(); !got.Equal(start.Add(3 * time.Minute)) {
		t.Errorf("next is %v", got)
	}
	if got := p.When("once"); !got.IsZero() {
		t.Errorf("without a schedule it is due at %v", got)
	}
	p.All(start)
	if got := p.Take(start); len(got.IDs) != 3 || got.Skipped != nil {
		t.Errorf("got %v, want all", got)
	}
}

// The share is within the splay and before the next tick, and is spread evenly
// over hosts.
func TestPlanSplays(t *testing.T) {
	start := at(t, "2026-03-02T00:00:01Z")
	for _, splay := range []time.Duration{30 * time.Second, 24 * time.Hour} {
		limit := min(splay, time.Minute)
		tenths := make([]int, 10)
		for i := range 1000 {
			p := schedule.NewPlan(fmt.Sprintf("i-%04x", i))
			p.Set(start, []schedule.Entry{entry(t, "a", "* * * * *", splay)})
			p.Take(start)
			d := p.When("a").Sub(at(t, "2026-03-02T00:01:00Z"))
			if d < 0 || d >= limit {
				t.Fatalf("host %d is %v behind the tick, with a splay of %v", i, d, splay)
			}
			tenths[d*10/limit]++
		}
		for i, n := range tenths {
			if n < 60 || n > 140 {
				t.Errorf("tenth %d of %v has %d of 1000 hosts", i, limit, n)
			}
		}
	}
}
