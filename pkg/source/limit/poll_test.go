package limit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/credrender/credrender/pkg/source/limit"
)

// A poll that gets the same answers again and again ends after the limit, counted
// from the last state that was new.
func TestPollEndsWithoutANewState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := limit.New(10 * time.Second).Context(t.Context())
		defer stop()
		began, calls := time.Now(), 0
		err := limit.Poll(ctx, time.Second, func(ctx context.Context) (string, bool, error) {
			limit.Wait(ctx, table)(true)
			calls++
			if calls == 5 {
				return "CREATING", false, nil
			}
			return []string{"missing", "UPDATING"}[calls%2], false, nil
		})
		stuck, ok := errors.AsType[*limit.StuckError](err)
		if !ok || stuck.Limit != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if d := time.Since(began); d != 14*time.Second {
			t.Errorf("ended after %v", d)
		}
	})
}

func TestPollEndsWithItsLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		look := func(context.Context) (string, bool, error) { calls++; return "CREATING", calls == 1000, nil }
		if err := limit.Poll(t.Context(), time.Second, look); err != nil { // there is no limit
			t.Error(err)
		}
		failed := errors.New("failed")
		if err := limit.Poll(t.Context(), time.Second, func(context.Context) (string, bool, error) { return "", false, failed }); err != failed {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := limit.Poll(ctx, time.Second, func(context.Context) (string, bool, error) { return "", false, nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
