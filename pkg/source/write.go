package source

import (
	"context"
	"time"
)

// Writer stores and deletes secrets of one source. Like [Source], it retries transient
// failures itself.
type Writer interface {
	// Put stores a value as the newest version of ref, whose version is empty. The
	// error wraps [ErrExists] if w.IfAbsent is set and the secret exists, and
	// [ErrChanged] if w.Expect is set and another version is the newest.
	Put(ctx context.Context, ref Ref, w Write) (Stored, error)
	// Delete deletes ref: that version, or all versions if it has none. It returns
	// the deleted versions. The error wraps [ErrNotFound] if there is nothing to
	// delete.
	Delete(ctx context.Context, ref Ref, d Deletion) ([]string, error)
}

// Write is a value to store, and how. A source refuses what it cannot do, with an error
// that wraps [ErrUnsupported], before it writes.
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
	// Expect is the version that must be the newest; empty: any.
	Expect string
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
