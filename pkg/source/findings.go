package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ProbeError is the error of a [Prober] or [ConsistentProber] that got no answer about some refs,
// because of throttling, the network or the end of the context. It comes with the result
// for the other refs. Refs without an answer do not count as changed: fetching them would
// send more requests to a service that does not answer.
type ProbeError struct{ Unseen map[Ref]error }

// Error names one of the refs, the same one each time.
func (e *ProbeError) Error() string {
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
func (e *ProbeError) Unwrap() []error {
	var all []error
	for _, err := range e.Unseen {
		all = append(all, err)
	}
	return all
}

// Unanswered reports whether err means only that there was no answer, which any other
// process would get now too. ErrCredentials alone does not: another process may find other
// credentials.
func Unanswered(err error) bool {
	kinds := []error{ErrThrottled, ErrUnreachable, context.Canceled, context.DeadlineExceeded}
	return slices.ContainsFunc(kinds, func(k error) bool { return errors.Is(err, k) })
}

// Findings collects the result of a probe. The zero Findings is ready. It is not safe for
// concurrent use.
type Findings struct {
	changed []Ref
	unseen  map[Ref]error
}

// Add adds the result for one ref. An error that is an answer, such as ErrDenied, counts
// as a change: the following fetch reports it.
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

// Result returns the refs that may have changed, and a *ProbeError if some got no answer.
func (f *Findings) Result() ([]Ref, error) {
	if len(f.unseen) > 0 {
		return f.changed, &ProbeError{f.unseen}
	}
	return f.changed, nil
}
