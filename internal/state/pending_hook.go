package state

import (
	"slices"
	"time"

	"github.com/credrender/credrender/internal/txn"
)

// The daemon retries a pending hook after a minute, doubling up to an hour.
const (
	backoffMin = time.Minute
	backoffMax = time.Hour
)

// PendingHook is a hook that has not succeeded since files changed.
type PendingHook struct {
	Since    time.Time `json:"since,omitzero"` // zero: found after a crash
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"` // class of the last failure: no output
	Next     time.Time `json:"next,omitzero"`   // when the daemon tries again
	Hook     string    `json:"hook,omitempty"`  // fingerprint of the hook last tried
	Dests    []string  `json:"dests,omitempty"` // changed since the hook succeeded, sorted
}

// HookPending reports whether the hook is pending, by a PendingHook or by the transaction.
func (r *Record) HookPending() bool { return r.PendingHook != nil || r.Txn.HookPending }

// AddPendingHook makes the hook pending for dests, or adds them to a pending one.
func (r *Record) AddPendingHook(now time.Time, dests []string) {
	if r.PendingHook == nil {
		r.PendingHook = &PendingHook{}
	}
	if r.PendingHook.Since.IsZero() {
		r.PendingHook.Since = now
	}
	r.PendingHook.Dests = slices.Compact(slices.Sorted(slices.Values(append(slices.Clip(r.PendingHook.Dests), dests...))))
}

// HookFailed ends the transaction and records a failed attempt. class describes the
// failure without output, hook is the fingerprint of the command, and dests are the
// destinations that it was run for.
func (r *Record) HookFailed(now time.Time, class, hook string, dests []string) {
	r.AddPendingHook(now, dests)
	d := r.PendingHook
	if d.Hook != hook {
		d.Attempts = 0
	}
	d.Attempts++
	d.Error, d.Hook, d.Next = class, hook, now.Add(backoff(d.Attempts))
	r.Txn = txn.Record{}
}

// HookDone ends the transaction with no hook pending.
func (r *Record) HookDone() { r.PendingHook, r.Txn = nil, txn.Record{} }

// Due reports whether the daemon should retry: the backoff is over, the hook is another
// one than the last attempt's, or the clock was set back.
func (d *PendingHook) Due(now time.Time, hook string) bool {
	return d.Attempts == 0 || hook != d.Hook || !now.Before(d.Next) || d.Next.Sub(now) > backoffMax
}

func backoff(attempts int) time.Duration {
	wait := backoffMin
	for range min(attempts, 10) - 1 {
		wait *= 2
	}
	return min(wait, backoffMax)
}
