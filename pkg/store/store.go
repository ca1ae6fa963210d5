// Package store is the life of a secret over items and keys: fetched, listed,
// put and deleted, wherever the items lie and whoever wraps the keys.
//
// A back end brings the small interfaces below: [Reader], [Scanner] and
// [Writer] for a table of items (DynamoDB, a local file), [Decrypter] and
// [KeyMaker] for the keys (KMS, a local master key). [New] makes a [Store] of
// them, which is a [source.Source] for rendering and has the verbs that manage
// secrets: [Store.Put], [Store.Delete] and [Store.List] for one, and for many
// [Store.GetAll], [Store.Prune], [Store.Rekey], [Store.Migrate], [Store.Verify]
// and [Store.Copy]. What an item looks like is known to package credstash alone.
//
// The verbs over many secrets keep no record of how far they are: each step is
// one conditional write, and what has been done needs no doing again. So one
// that was killed is finished by running it again.
//
// A Store retries nothing that fails: back ends do that, since only they know
// what is transient. The loops here are against other writers.
package store

import (
	"context"
	"iter"

	"github.com/credrender/credrender/pkg/source"
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
	// Scan yields every item, in no particular order. With keysOnly the items
	// hold name, version and comment alone. It stops after the first error,
	// which it yields. Items that other writers add or remove meanwhile may or
	// may not be among them.
	Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error]
}

// Historian lists the versions of one name without a scan.
type Historian interface {
	// Versions returns the stored versions of name in ascending byte order, each
	// with name, version, comment, algorithm and wrapped data key alone; none is
	// no error.
	Versions(ctx context.Context, name string) ([]credstash.Item, error)
}

// Writer changes a table.
type Writer interface {
	// Put stores an item unless that name and version exists (source.ErrExists).
	Put(ctx context.Context, item credstash.Item) error
	// Delete removes the version that held was read of, if held is what is there
	// still: its wrapped data key tells. Otherwise the error wraps
	// source.ErrChanged and nothing is removed. A version that is not there is no
	// error. Of an item that has no key that could be read, name and version
	// have to do.
	Delete(ctx context.Context, held credstash.Item) error
}

// Rewriter changes a stored version in place.
type Rewriter interface {
	// Rewrite stores next in the place of held, the same name and version, if
	// held is what is there still: its wrapped data key tells. Otherwise the
	// error wraps source.ErrChanged and nothing is written. Attributes of other
	// programs stay.
	Rewrite(ctx context.Context, held, next credstash.Item) error
}

// Rewrapper moves data keys without showing them.
type Rewrapper interface {
	// Rewrap wraps a data key under the key for writing and the context to. It
	// reports false where that is how the key is wrapped already. It fails with
	// source.ErrWrongContext where from is not the context of the key.
	Rewrap(ctx context.Context, wrapped []byte, from, to map[string]string) (rewrapped []byte, moved bool, err error)
}

// Decrypter opens wrapped data keys.
type Decrypter interface {
	// Decrypt returns the data key. It fails with source.ErrWrongContext
	// where the context is not the one that the key was wrapped with.
	Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error)
}

// Warmer is what a Reader or a Decrypter may be besides: ready ahead of time for
// the calls of a batch.
type Warmer interface {
	// Warm prepares for n calls at once, and is done with that at the end of
	// ctx at the latest.
	Warm(ctx context.Context, n int)
}

// KeyMaker makes data keys.
type KeyMaker interface {
	// GenerateDataKey returns n random bytes (1 to 1024), plain and wrapped.
	GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error)
}

// DefaultConcurrency bounds the requests that a Store has in flight for one
// batch. A batch of more goes in further rounds, each a Query and a Decrypt
// long: over TLS with round trips of 20 ms, 200 refs take 202 ms with a bound of
// 64, 128 ms with 128 and 99 ms with 256 (docs/performance.md).
const DefaultConcurrency = 256

// Options are the parts of a Store. A store that is only read needs no Writer
// and no KeyMaker; the verbs that need a part which is missing panic.
type Options struct {
	Reader    Reader
	Scanner   Scanner
	Writer    Writer
	Decrypter Decrypter
	KeyMaker  KeyMaker
	Rewriter  Rewriter  // for Rekey and Migrate
	Rewrapper Rewrapper // for Rekey
	// Historian is optional: without it Delete finds the versions of a name by
	// a scan.
	Historian Historian
	// Prober is optional: without it Probe reads each item again, undecrypted.
	Prober source.Prober
	// Concurrency bounds the requests in flight for one batch; zero:
	// DefaultConcurrency.
	Concurrency int
	// Open is how items are opened.
	Open credstash.OpenOptions
}

// Store fetches and manages secrets. It is safe for concurrent use if its
// parts are.
type Store struct{ o Options }

var (
	_ source.Source  = (*Store)(nil)
	_ source.Globber = (*Store)(nil)
	_ source.Lister  = (*Store)(nil)
	_ source.Prober  = (*Store)(nil)
	_ source.Looker  = (*Store)(nil)
)

// New returns a Store over the given parts. It does no I/O.
func New(o Options) *Store {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	return &Store{o}
}
