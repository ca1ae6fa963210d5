package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// LookError is the error of a [Prober] or [Looker] that got no answer about some
// refs: throttled, out of reach, or cut off. What it found of the others is
// beside it. It is not a change: to fetch them would be asked of the same end,
// and add to what is too much for it already.
type LookError struct{ Unseen map[Ref]error }

// Error names one of the refs, the same one each time.
func (e *LookError) Error() string {
	var all []string
	for ref, err := range e.Unseen {
		all = append(all, (&RefError{ref, err}).Error())
	}
	slices.Sort(all)
	if len(all) > 1 {
		return fmt.Sprintf("%s; and %d more", all[0], len(all)-1)
	}
	return all[0]
}

// Unwrap returns the causes.
func (e *LookError) Unwrap() []error {
	var all []error
	for _, err := range e.Unseen {
		all = append(all, err)
	}
	return all
}

// Unanswered reports whether err says nothing about what was asked, only that
// there was no answer, and would say so to whoever else asks now.
// ErrCredentials alone is not one: another process may find better ones.
func Unanswered(err error) bool {
	for _, kind := range []error{ErrThrottled, ErrUnreachable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Findings collects what a look finds. The zero Findings is ready. It is for
// one goroutine.
type Findings struct {
	changed []Ref
	unseen  map[Ref]error
}

// Add takes what was found of one ref. An error that is an answer, such as
// ErrDenied, counts as a change: the fetch that follows says why.
func (f *Findings) Add(ref Ref, changed bool, err error) {
	switch {
	case Unanswered(err):
		if f.unseen == nil {
			f.unseen = map[Ref]error{}
		}
		f.unseen[ref] = err
	case changed || err != nil:
		f.changed = append(f.changed, ref)
	}
}

// Result is what a Prober returns: what may have changed, and a *LookError
// where there is one.
func (f *Findings) Result() ([]Ref, error) {
	if len(f.unseen) > 0 {
		return f.changed, &LookError{f.unseen}
	}
	return f.changed, nil
}
