package state

import (
	"slices"
	"time"

	"github.com/credrender/credrender/internal/txn"
)

// The daemon tries an owed hook again after a minute, doubling up to an hour.
const (
	backoffMin = time.Minute
	backoffMax = time.Hour
)

// Debt is a hook that has not succeeded since files changed.
type Debt struct {
	Since    time.Time `json:"since,omitzero"` // zero: found after a crash
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"` // class of the last failure: no output
	Next     time.Time `json:"next,omitzero"`   // when the daemon tries again
	Hook     string    `json:"hook,omitempty"`  // fingerprint of the hook last tried
	Dests    []string  `json:"dests,omitempty"` // changed and not told, sorted
}

// Owed reports whether the job's hook is owed: by a debt, or by a transaction
// whose hook has not been settled.
func (r *Record) Owed() bool { return r.Debt != nil || r.Txn.Owed }

// Owe notes a debt for dests, or adds them to the one there is.
func (r *Record) Owe(now time.Time, dests []string) {
	if r.Debt == nil {
		r.Debt = &Debt{}
	}
	if r.Debt.Since.IsZero() {
		r.Debt.Since = now
	}
	r.Debt.Dests = slices.Compact(slices.Sorted(slices.Values(append(slices.Clip(r.Debt.Dests), dests...))))
}

// HookFailed ends the transaction and notes a failed attempt. class says how
// it failed, without output; hook is the fingerprint of the command, dests
// what it would have been told.
func (r *Record) HookFailed(now time.Time, class, hook string, dests []string) {
	r.Owe(now, dests)
	d := r.Debt
	if d.Hook != hook {
		d.Attempts = 0
	}
	d.Attempts++
	d.Error, d.Hook, d.Next = class, hook, now.Add(backoff(d.Attempts))
	r.Txn = txn.Record{}
}

// Paid ends the transaction with nothing owed.
func (r *Record) Paid() { r.Debt, r.Txn = nil, txn.Record{} }

// Due reports whether the daemon should try again: the time has come, or the
// hook is another one than was tried last, or the clock has been set back.
func (d *Debt) Due(now time.Time, hook string) bool {
	return d.Attempts == 0 || hook != d.Hook || !now.Before(d.Next) || d.Next.Sub(now) > backoffMax
}

func backoff(attempts int) time.Duration {
	wait := backoffMin
	for range min(attempts, 10) - 1 {
		wait *= 2
	}
	return min(wait, backoffMax)
}
