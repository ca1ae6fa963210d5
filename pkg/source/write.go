package source

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"time"
)

// Writer stores and deletes secrets of one source. Like [Source], it retries transient
// failures itself.
type Writer interface {
	// Put stores a value as the newest version of ref, whose version is empty. The
	// error wraps [ErrExists] if w.IfAbsent is set and the secret exists, and
	// [ErrChanged] if w.Expect is set and another version is the newest.
	Put(ctx context.Context, ref Ref, w Write) (Stored, error)
	// Delete deletes ref: that version, or all versions if it has none. The error
	// wraps [ErrNotFound] if there is nothing to delete. What was deleted before an
	// error is in the result.
	Delete(ctx context.Context, ref Ref, d Deletion) (Deleted, error)
}

// Stager is implemented by a [Writer] that can keep a version beside the newest one.
// [Source] fetches it by its version, and others do not see it.
type Stager interface {
	// Stage stores a value beside the newest version, in place of one that was staged
	// before. Stored.Version is its version.
	Stage(ctx context.Context, ref Ref, w Write) (Stored, error)
	// Staged returns the staged version, published or not. The error wraps
	// [ErrNotFound] if there is none.
	Staged(ctx context.Context, ref Ref) (Staging, error)
	// Unstage ends the staging of a version. It is not an error if none is staged.
	Unstage(ctx context.Context, ref Ref) error
}

// Publisher makes the versions of a [Stager] the newest.
type Publisher interface {
	// Publish makes the staged version ref.Version the newest. The error wraps
	// [ErrChanged] if the newest version is not expect. It stays marked as the staged
	// one until Unstage.
	Publish(ctx context.Context, ref Ref, expect Trace) error
}

// Staging is a staged version.
type Staging struct {
	Version string
	// Before was the newest version when Version was staged. The source keeps it
	// until Unstage.
	Before string
	// Replaced reports that Version was published, and has been replaced since.
	Replaced bool
}

// Write is a value to store, and how. A source refuses what it cannot do, with a
// [RefusalError], before it writes.
type Write struct {
	Value   Secret
	Comment string
	// Version to store; empty: the next.
	Version string
	// Format of the item, for stores of items.
	Format string
	// Tier of a parameter: standard or advanced; empty: the one it has.
	Tier string
	// IfChanged stores nothing if the newest version has the same value.
	IfChanged bool
	// IfAbsent stores only a secret that does not exist.
	IfAbsent bool
	// Expect is the Trace of the version that must be the newest; zero: any. Its
	// Version suffices where the source has versions.
	Expect Trace
	// Force permits what the source otherwise refuses, such as a secret that AWS
	// manages or rotates, or a bucket without versions.
	Force bool
}

// Stored is the outcome of a Put.
type Stored struct {
	Version string // empty if the source has none
	// Changed is false if IfChanged found the same value.
	Changed bool
}

// Deletion is how to delete.
type Deletion struct {
	DryRun bool
	Force  bool
}

// Deleted is the outcome of a Delete.
type Deleted struct {
	// Versions are the deleted ones, oldest first. There is one empty string if the
	// source deletes a secret as a whole.
	Versions []string
	// Until is when AWS deletes the secret, which can be restored before. Zero: the
	// secret is gone, or the source does not know.
	Until time.Time
}

// RefusalError is a write that a source refuses because of what it was told. Nothing
// has been written.
type RefusalError struct {
	Reason  string
	Instead string // what to do; may be empty
}

func (e *RefusalError) Error() string {
	if e.Instead == "" {
		return e.Reason
	}
	return e.Reason + ": " + e.Instead
}

// Unwrap returns ErrUnsupported.
func (e *RefusalError) Unwrap() error { return ErrUnsupported }

// HistoryReader returns the versions of one secret.
type HistoryReader interface {
	// History returns the stored versions of ref, oldest first. The error wraps
	// [ErrNotFound] if there are none.
	History(ctx context.Context, ref Ref) ([]VersionInfo, error)
}

// VersionInfo describes one version of a secret.
type VersionInfo struct {
	Version string
	// Created is zero, and Author and Comment are empty, if the source does not know.
	Created time.Time
	Author  string
	Comment string
	Labels  []string // such as AWSCURRENT
}

const (
	firstPause   = 8 * time.Millisecond
	longestPause = 512 * time.Millisecond
)

// Pause makes a writer that lost a race to another one wait for a random time, so that
// writers do not retry in step: up to 8 ms after the first try, whose number is 0, then
// up to twice as long each time, and at most 512 ms.
func Pause(ctx context.Context, try int) error {
	most := longestPause
	if try < 6 {
		most = firstPause << try
	}
	select {
	case <-time.After(rand.N(most)): //nolint:gosec // spreads load, guards nothing
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A rotation keeps its candidate, the value that is to replace another, under a name of
// its own until it has proven itself. The stored value says that it is a candidate, and
// of which version, so that no pattern hands it to a reader, whatever the source knows
// about a value besides.

const (
	candidateSuffix = ".next"
	candidateHead   = "credrender candidate after version "
)

// CandidateName returns the name under which the candidate of a secret is kept.
func CandidateName(name string) string { return name + candidateSuffix }

// MarkCandidate returns what is stored for a candidate that is to follow a version.
func MarkCandidate(value Secret, after string) Secret {
	return NewSecret(append([]byte(candidateHead+after+"\n"), value.Reveal()...))
}

// ParseCandidate returns the candidate and the version that it is to follow, and whether
// stored is one.
func ParseCandidate(stored Secret) (value Secret, after string, ok bool) {
	rest, ok := bytes.CutPrefix(stored.Reveal(), []byte(candidateHead))
	if !ok {
		return Secret{}, "", false
	}
	version, plain, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return Secret{}, "", false
	}
	return NewSecret(plain), string(version), true
}

// DropCandidates removes the candidates from the values of a pattern, and returns them.
func DropCandidates(values map[string]Result) map[string]Result {
	for name, r := range values {
		if _, _, ok := ParseCandidate(r.Secret); ok && strings.HasSuffix(name, candidateSuffix) {
			delete(values, name)
		}
	}
	return values
}
