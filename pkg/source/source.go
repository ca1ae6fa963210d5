// Package source defines references to secrets and the interface for fetching them.
//
// A [Ref] identifies a value: a source, a name, a version and an encryption context.
// A [Source] returns a [Result] for each ref of a batch. The value is a [Secret],
// which no formatting verb, log handler or encoder prints: only [Secret.Reveal]
// returns its bytes.
//
// A back end implements Source and, if it can, [Prober] (a cheap check for changes),
// [Globber] (values by pattern) and [Lister] (names by pattern). The suite in package
// sourcetest tests a back end. Failed fetches wrap the sentinels of this package
// ([ErrNotFound], [ErrDenied] and so on), for errors.Is.
package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// Source fetches values. Implementations are safe for concurrent use.
type Source interface {
	// Fetch returns a Result for every ref of the batch, even if ctx ends early. A
	// ref that fails has its error in its own Result and does not affect the
	// others. The caller deduplicates refs. Fetch retries transient failures; the
	// caller does not.
	Fetch(ctx context.Context, refs []Ref) map[Ref]Result
}

// Result is what a Source returns for one Ref.
type Result struct {
	Secret Secret
	Trace  Trace
	Err    error
}

// Complete adds an [ErrNoAnswer] to found for each ref that has no result, and
// returns it. The zero Result is an empty secret, so a Source that leaves a ref out
// would otherwise seem to have fetched one.
func Complete(refs []Ref, found map[Ref]Result) map[Ref]Result {
	if found == nil {
		found = make(map[Ref]Result, len(refs))
	}
	for _, r := range refs {
		if _, ok := found[r]; !ok {
			found[r] = Result{Err: &RefError{r, ErrNoAnswer}}
		}
	}
	return found
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

// Known is a Ref with its last Trace.
type Known struct {
	Ref   Ref
	Trace Trace
}

// Prober checks which values may have changed. That costs less than a fetch, and
// decrypts nothing.
type Prober interface {
	// Probe returns the refs that may have another value now, and those that it
	// cannot judge. Refs that got no answer are in a *ProbeError, which comes with
	// the others ([Findings]). With any other error the probe failed as a whole,
	// and the result is meaningless.
	Probe(ctx context.Context, known []Known) (changed []Ref, err error)
}

// ConsistentProber is a [Prober] whose Probe may miss changes, and which has a costlier
// probe that does not.
type ConsistentProber interface {
	// ProbeConsistent is like Probe, but sees every write that has finished, whatever that
	// costs. It decrypts nothing either.
	ProbeConsistent(ctx context.Context, known []Known) (changed []Ref, err error)
}

// Globber fetches values by pattern.
type Globber interface {
	// Glob fetches the newest version of every name that pattern.Name
	// matches, where * stands for any run of characters, opened with
	// pattern.Context. No match is an empty map and no error. It leaves out the
	// candidates of rotations ([DropCandidates]).
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
	Version string `json:"version,omitempty"` // empty: lists of the source have none
	Comment string `json:"comment,omitempty"`
}

// Match reports whether name is of pattern, in which * stands for any run of
// characters, also none, and everything else for itself. The empty pattern
// matches the empty name alone.
func Match(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == name
	}
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] { // the leftmost find leaves most for the rest
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return true
}

// ByPrefix is a source that opens one of several others by the prefix of a ref:
// empty for the store, "ssm" and so on. The open function is called for each batch
// and keeps what it has opened itself.
type ByPrefix func(ctx context.Context, prefix string) (Source, error)

// Fetch implements [Source]: the refs of each prefix are one batch, and the batches
// run concurrently.
func (open ByPrefix) Fetch(ctx context.Context, refs []Ref) map[Ref]Result {
	batches := map[string][]Ref{}
	for _, r := range refs {
		batches[r.Source] = append(batches[r.Source], r)
	}
	results := make(map[Ref]Result, len(refs))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for prefix, batch := range batches {
		wg.Go(func() {
			src, err := open(ctx, prefix)
			var found map[Ref]Result
			if err == nil {
				found = Complete(batch, src.Fetch(ctx, batch))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, r := range batch {
				if err != nil {
					results[r] = Result{Err: err}
				} else {
					results[r] = found[r]
				}
			}
		})
	}
	wg.Wait()
	return results
}

// Glob implements [Globber].
func (open ByPrefix) Glob(ctx context.Context, pattern Ref) (map[string]Result, error) {
	src, err := open(ctx, pattern.Source)
	if err != nil {
		return nil, err
	}
	globber, ok := src.(Globber)
	if !ok {
		return nil, fmt.Errorf("%w: this source cannot search by pattern", ErrRef)
	}
	return globber.Glob(ctx, pattern)
}

const redacted = "[redacted]"

// Secret holds a value that must not be printed. Every formatting verb, slog,
// and the JSON, text and YAML encoders give [redacted], for a Secret inside an
// unexported field too (there fmt calls no method and prints an address). The
// zero Secret is empty.
type Secret struct{ box *box }

// box keeps the value in a function's closure, where reflection finds no way to
// it. A pointer is not enough: fmt follows one in an unexported field where the
// verb does not suit it, as %s and %q do not.
type box struct{ open func() []byte }

// NewSecret wraps value, which the caller no longer changes.
func NewSecret(value []byte) Secret { return Secret{&box{func() []byte { return value }}} }

// Reveal returns the value. It is the one way out; the caller does not change
// the bytes.
func (s Secret) Reveal() []byte {
	if s.box == nil {
		return nil
	}
	return s.box.open()
}

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes "[redacted]" whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]"; encoding/json and XML use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML returns "[redacted]".
func (s Secret) MarshalYAML() (any, error) { return redacted, nil }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
