// Package source names secrets and says what it means to fetch them.
//
// A [Ref] says which value is wanted: a source, a name, a version and an
// encryption context. A [Source] turns a batch of refs into a [Result] each;
// what it returns is a [Secret], which no formatting verb, log handler or
// encoder prints: [Secret.Reveal] is the one way to its bytes.
//
// A back end implements Source and, where it can, [Prober] (has anything
// changed? asked cheaply), [Globber] (values by pattern) and [Lister] (names by
// pattern). It proves itself against the suite in package sourcetest. Why a
// fetch went wrong is said by the sentinels in this package ([ErrNotFound],
// [ErrDenied] and so on), which callers find with errors.Is.
package source

import "context"

// Source fetches values. Implementations are safe for concurrent use.
type Source interface {
	// Fetch answers every ref of the batch, each by itself: one that fails
	// carries its error in its own Result, and the others are still answered.
	// The result has an entry for every ref asked for, also when ctx ends
	// early. Refs are deduplicated by the caller. Fetch retries what the
	// back end calls transient; the caller does not.
	Fetch(ctx context.Context, refs []Ref) map[Ref]Result
}

// Result is the answer to one Ref.
type Result struct {
	Secret Secret
	Trace  Trace
	Err    error
}

// Trace is what a later [Prober.Probe] needs to tell whether a value has
// changed. It is written to the state directory, so it holds nothing secret.
type Trace struct {
	// Version as the back end stores it; empty where it has none.
	Version string `json:"version,omitempty"`
	// Mark changes whenever the stored value is written again under the same
	// version: the hash of a wrapped data key, an ETag. Opaque.
	Mark string `json:"mark,omitempty"`
	// Size of the stored item in bytes; it decides which probe is cheapest.
	Size int64 `json:"size,omitempty"`
	// Absent records a consistent look that found nothing ([ErrNotFound]).
	Absent bool `json:"absent,omitempty"`
}

// Known is a Ref with what was seen of it last.
type Known struct {
	Ref   Ref
	Trace Trace
}

// Prober tells, more cheaply than a fetch and without decrypting, what may
// have changed.
type Prober interface {
	// Probe returns the refs of known that may have another value now. A ref
	// it cannot judge is returned as changed, one that it got no answer about
	// is in a *LookError beside the others ([Findings]). Any other error is
	// for a probe that could not be made at all; the result is then meaningless.
	Probe(ctx context.Context, known []Known) (changed []Ref, err error)
}

// Looker tells for certain what a [Prober] tells cheaply, and like it without
// decrypting.
type Looker interface {
	// Look is as Probe, but sees every write that has finished, whatever it
	// costs.
	Look(ctx context.Context, known []Known) (changed []Ref, err error)
}

// Globber fetches values by pattern.
type Globber interface {
	// Glob fetches the newest version of every name that pattern.Name
	// matches, where * stands for any run of characters, opened with
	// pattern.Context. No match is an empty map and no error.
	Glob(ctx context.Context, pattern Ref) (map[string]Result, error)
}

// Lister lists names without fetching values.
type Lister interface {
	// List returns every stored version of the names that pattern matches
	// (empty: all), sorted by name, then version.
	List(ctx context.Context, pattern string) ([]Entry, error)
}

// Entry is one line of a listing.
type Entry struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Comment string `json:"comment,omitempty"`
}
