package schedule

import (
	"context"
	"time"
)

// Turn is the longest time that a Loop sleeps. Timers stop while a machine is suspended
// and ignore changes of the clock, so the loop compares the clock with its plan this
// often.
const Turn = 20 * time.Second

// Loop runs the entries that are due, one set at a time. Change may be called from
// any goroutine.
type Loop struct {
	// Now is the clock.
	Now func() time.Time
	// Plan belongs to the loop once Run is called.
	Plan *Plan
	// Do runs a set. Entries that become due meanwhile form the next set. If it
	// returns a function, the loop calls it to change the plan, for retries.
	Do func(ctx context.Context, due Due) (then func(*Plan))
	// Beat, if set, is called at each turn, even while Do runs, and at least once in
	// Every (Turn if Every is zero). running is the time since Do started, or 0 if it is
	// not running.
	Beat  func(running time.Duration)
	Every time.Duration

	calls chan func(*Plan)
	ended chan struct{}
}

// NewLoop returns a loop over plan.
func NewLoop(now func() time.Time, plan *Plan, do func(context.Context, Due) func(*Plan)) *Loop {
	return &Loop{Now: now, Plan: plan, Do: do, calls: make(chan func(*Plan)), ended: make(chan struct{})}
}

// Change calls f with the plan between two turns. It returns when f is accepted or
// the loop has ended.
func (l *Loop) Change(f func(*Plan)) {
	select {
	case l.calls <- f:
	case <-l.ended:
	}
}

// run is a call of Do that has not returned.
type run struct {
	since time.Time
	done  chan func(*Plan)
}

// Run loops until ctx is done, and then until a running Do returns. The context of
// Do does not end with ctx, because half a run is worse than none.
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

// start starts Do if an entry is due.
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

// wait waits for the end of r, a change, the next turn or the end of ctx. It
// returns the run that has not ended.
func (l *Loop) wait(ctx context.Context, turn <-chan time.Time, r *run) *run {
	var done chan func(*Plan)
	stop := ctx.Done()
	if r != nil {
		done = r.done
		if ctx.Err() != nil {
			stop = nil // it has ended already, only r is left
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

// pause returns how long to wait for the next turn.
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
