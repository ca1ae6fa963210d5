package wire_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Requests of one wave are signed before the first of them is refused: the clock
// is corrected for each of them, not for the first alone.
func TestClockOfAWave(t *testing.T) {
	const requests = 8
	var together sync.WaitGroup
	together.Add(requests)
	ahead := 3 * time.Hour
	c, _ := newJSON(t, func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(at).Abs() > 5*time.Minute {
			together.Done()
			together.Wait()
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
			return
		}
		fmt.Fprint(w, `{}`)
	})
	var g sync.WaitGroup
	for range requests {
		g.Go(func() {
			if err := c.Do(t.Context(), "Query", message{}, &message{}); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
}

// The first attempt of a call may have failed for another reason.
func TestClockAfterAFailure(t *testing.T) {
	calls := 0
	c, _ := newJSON(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		now := time.Now().Add(24 * time.Hour)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		switch {
		case calls == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case err != nil || now.Sub(at).Abs() > 5*time.Minute:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
		default:
			fmt.Fprint(w, `{}`)
		}
	})
	if err := c.Do(t.Context(), "Query", message{}, &message{}); err != nil || calls != 3 {
		t.Errorf("%d calls: %v", calls, err)
	}
}

// A clock that is another in each answer is followed once.
func TestClockThatRunsAway(t *testing.T) {
	calls := 0
	c, _ := newJSON(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Date", time.Now().Add(time.Duration(calls)*time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
	})
	if err := c.Do(t.Context(), "Query", message{}, &message{}); err == nil || calls != 2 {
		t.Errorf("%d calls: %v", calls, err)
	}
}
