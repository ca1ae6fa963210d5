package store

import (
	"context"
	"iter"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// Reader looks items up in a table. Errors wrap the sentinels of package
// source: ErrNotFound only after a look that cannot miss a finished write,
// ErrNoStore, ErrDenied, ErrThrottled, ErrUnreachable.
type Reader interface {
	// Newest returns the item of the version that sorts last in byte order
	// (credstash's own rule: "9" comes after "0000000000000000010").
	Newest(ctx context.Context, name string) (credstash.Item, error)
	// Get returns the item of exactly that stored version.
	Get(ctx context.Context, name, version string) (credstash.Item, error)
}

// Scanner reads a whole table.
type Scanner interface {
	// Scan yields every item. With keysOnly the items hold name, version and
	// comment alone. It stops after the first error, which it yields.
	Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error]
}

// Writer changes a table.
type Writer interface {
	// Put stores an item unless that name and version exists (source.ErrExists).
	Put(ctx context.Context, item credstash.Item) error
	// Delete removes one version; one that is not there is no error.
	Delete(ctx context.Context, name, version string) error
}

// Decrypter opens wrapped data keys.
type Decrypter interface {
	// Decrypt returns the data key. It fails with source.ErrWrongContext
	// where the context is not the one that the key was wrapped with.
	Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error)
}

// KeyMaker makes data keys.
type KeyMaker interface {
	// GenerateDataKey returns n random bytes (1 to 1024), plain and wrapped.
	GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error)
}
