package schedule

import (
	"context"
	"time"
)

// Turn is the longest that a Loop sleeps: timers stand still while a machine
// sleeps and do not hear of a clock that was set, so it looks again.
const Turn = 20 * time.Second

// Loop runs what is due, one set at a time. Its methods other than Run may be
// called from any goroutine, and return when the loop has heard them or has
// ended.
type Loop struct {
	// Now is the clock.
	Now func() time.Time
	// Plan is the loop's own from Run on.
	Plan *Plan
	// Do runs a set. What becomes due meanwhile is the next set. The function
	// that it returns, if any, changes the plan, as retries do.
	Do func(ctx context.Context, due Due) (then func(*Plan))
	// Beat, if set, is called at each turn, at the latest every Every (Turn, if
	// that is zero) also while Do runs; running is for how long it has, 0: it
	// does not.
	Beat  func(running time.Duration)
	Every time.Duration

	calls chan func(*Plan)
	ended chan struct{}
}

// NewLoop returns a loop over plan.
func NewLoop(now func() time.Time, plan *Plan, do func(context.Context, Due) func(*Plan)) *Loop {
	return &Loop{Now: now, Plan: plan, Do: do, calls: make(chan func(*Plan)), ended: make(chan struct{})}
}

// Change has f change the plan, between two turns.
func (l *Loop) Change(f func(*Plan)) {
	select {
	case l.calls <- f:
	case <-l.ended:
	}
}

// run is one call of Do under way.
type run struct {
	since time.Time
	done  chan func(*Plan)
}

// Run loops until ctx is done, and for a Do under way until that has ended:
// Do gets a context that does not end with ctx, since half a run is worse than
// none.
func (l *Loop) Run(ctx context.Context) {
	defer close(l.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var current *run
	for ctx.Err() == nil || current != nil {
		if current == nil && ctx.Err() == nil {
			current = l.start(ctx)
		}
		l.beat(current)
		timer.Reset(l.pause(current))
		current = l.wait(ctx, timer.C, current)
	}
}

// start runs what is due, if anything.
func (l *Loop) start(ctx context.Context) *run {
	now := l.Now()
	due := l.Plan.Take(now)
	if len(due.IDs) == 0 {
		return nil
	}
	r := &run{since: now, done: make(chan func(*Plan), 1)}
	ctx = context.WithoutCancel(ctx)
	go func() { r.done <- l.Do(ctx, due) }()
	return r
}

// wait returns at whatever comes first; the run that is then under way.
func (l *Loop) wait(ctx context.Context, turn <-chan time.Time, r *run) *run {
	var done chan func(*Plan)
	stop := ctx.Done()
	if r != nil {
		done = r.done
		if ctx.Err() != nil {
			stop = nil // known; r is waited for
		}
	}
	select {
	case then := <-done:
		if then != nil {
			then(l.Plan)
		}
		return nil
	case f := <-l.calls:
		f(l.Plan)
	case <-turn:
	case <-stop:
	}
	return r
}

func (l *Loop) beat(r *run) {
	if l.Beat == nil {
		return
	}
	var running time.Duration
	if r != nil {
		running = max(l.Now().Sub(r.since), 1)
	}
	l.Beat(running)
}

// pause is how long the next turn may be off.
func (l *Loop) pause(r *run) time.Duration {
	turn := Turn
	if l.Every > 0 {
		turn = min(turn, l.Every)
	}
	if at, ok := l.Plan.Next(); ok && r == nil {
		turn = min(turn, max(at.Sub(l.Now()), 0))
	}
	return turn
}
