package limit_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
)

var table = limit.Subject{Name: "DynamoDB", Region: "eu-west-1", Operation: "Query"}

func TestEndsWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(3 * time.Second)
		ctx, stopl := l.Context(t.Context())
		defer stopl()
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		began := time.Now()
		defer limit.Wait(derived, table)(false)
		<-derived.Done()
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("ended after %v", d)
		}
		want := "no answer from DynamoDB in eu-west-1 (Query) within 3s (--timeout)"
		for _, err := range []error{ctx.Err(), derived.Err(), context.Cause(derived)} {
			if err == nil || err.Error() != want || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, source.ErrUnreachable) || errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		}
	})
}

func TestAnswersAreProgressAndFailuresAreNot(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := limit.New(3 * time.Second)
			ctx, stopl := l.Context(t.Context())
			defer stopl()
			for range 10 {
				end := limit.Wait(ctx, table)
				time.Sleep(time.Second)
				end(answered)
			}
			synctest.Wait()
			if ended := ctx.Err() != nil; ended == answered {
				t.Errorf("answered %v: ended %v", answered, ended)
			}
		})
	}
}

func TestClockStandsBetweenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(3 * time.Second)
		ctx, stopl := l.Context(t.Context())
		defer stopl()
		time.Sleep(time.Hour) // an editor
		end := limit.Wait(ctx, table)
		time.Sleep(2 * time.Second)
		resume := limit.Pause(ctx)
		time.Sleep(time.Hour) // a prompt
		resume()
		resume() // once is enough
		end(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
		defer limit.Wait(ctx, table)(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if ctx.Err() == nil {
			t.Error("3 s of waiting did not end it")
		}
	})
}

func TestInnerLimitCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ol := limit.New(time.Second)
		outer, stopol := ol.Context(t.Context())
		defer stopol()
		il := limit.New(time.Minute)
		inner, stopil := il.Context(outer)
		defer stopil()
		end := limit.Wait(inner, table)
		time.Sleep(30 * time.Second)
		end(false)
		if outer.Err() != nil || inner.Err() != nil {
			t.Error(outer.Err(), inner.Err())
		}
	})
}

func TestTotalIsSharedAndHeedsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.Total(3 * time.Second)
		for range 2 {
			ctx, stop := l.Context(t.Context())
			end := limit.Wait(ctx, table)
			time.Sleep(time.Second)
			end(true)
			stop()
		}
		ctx, stop := l.Context(t.Context())
		defer stop()
		began := time.Now()
		defer limit.Wait(ctx, table)(false)
		<-ctx.Done()
		if d := time.Since(began); d != time.Second {
			t.Errorf("ended after %v more", d)
		}
		late, stop := l.Context(t.Context())
		defer stop()
		if late.Err() == nil {
			t.Error("a limit that is over lets wait again")
		}
	})
}

func TestSetAndParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(t.Context())
		l := limit.New(0)
		ctx, stopl := l.Context(parent)
		defer stopl()
		defer limit.Wait(ctx, table)(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if ctx.Err() != nil {
			t.Error("ended without a limit")
		}
		cancel()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Error(ctx.Err())
		}
		l2 := limit.New(0)
		other, stop2 := l2.Context(t.Context())
		defer stop2()
		defer limit.Wait(other, table)(false)
		l2.Set(time.Second)
		<-other.Done()
	})
}

// observed lists what an observer is told.
type observed struct{ told []string }

func (o *observed) Begin(s limit.Subject) func() {
	o.told = append(o.told, s.String())
	return func() { o.told = append(o.told, "end") }
}

func (o *observed) Pause() func() {
	o.told = append(o.told, "pause")
	return func() { o.told = append(o.told, "resume") }
}

// An observer is told of the waits and prompts of limits within its own, too.
func TestObserve(t *testing.T) {
	outer, inner := limit.New(time.Minute), limit.Total(time.Minute)
	o := &observed{}
	outer.Observe(o)
	ctx, stop := outer.Context(t.Context())
	defer stop()
	within, stopInner := inner.Context(ctx)
	defer stopInner()
	limit.Wait(ctx, table)(true)
	end := limit.Wait(within, table)
	resume := limit.Pause(within)
	resume()
	resume()
	end(false)
	want := []string{"DynamoDB in eu-west-1", "end", "DynamoDB in eu-west-1", "pause", "resume", "end"}
	if !slices.Equal(o.told, want) {
		t.Errorf("told %q, want %q", o.told, want)
	}
}
