// Package store fetches and manages secrets. It combines a table of items with a
// service that wraps data keys, whichever they are.
//
// A back end implements the small interfaces below: [Reader], [Scanner] and [Writer]
// for a table (DynamoDB, a local file), [Decrypter] and [DataKeyGenerator] for the
// keys (KMS, a local master key). [New] combines them into a [Store], which is a
// [source.Source] for rendering. Its secret operations are [Store.Put],
// [Store.Delete] and [Store.List] for one secret, and [Store.GetAll], [Store.Prune],
// [Store.Rekey], [Store.Migrate], [Store.Verify] and [Store.Copy] for many. Only
// package credstash knows the item format.
//
// Operations on many secrets keep no record of their progress. Each step is one
// conditional write, and a repeated step does nothing. To finish an operation that was
// killed, run it again.
//
// A Store does not retry failed requests: back ends do, because only they know which
// failures are transient. It retries only after it has lost a race with another writer.
package store

import (
	"context"
	"iter"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
)

// Reader looks up items in a table. Errors wrap the sentinels of package source:
// ErrNoStore, ErrDenied, ErrThrottled, ErrUnreachable, and ErrNotFound only after a
// read that sees every finished write.
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
	// have only a name, version and comment. It yields the first error and stops.
	// It may or may not yield items that other writers add or delete meanwhile.
	Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error]
}

// VersionLister lists the versions of one name without a scan.
type VersionLister interface {
	// Versions returns the stored versions of name in ascending byte order, each
	// with only its name, version, comment, algorithm and wrapped data key. It is
	// not an error if there are none.
	Versions(ctx context.Context, name string) ([]credstash.Item, error)
}

// Writer changes a table.
type Writer interface {
	// Put stores an item. If that name and version exists, the error wraps
	// source.ErrExists.
	Put(ctx context.Context, item credstash.Item) error
	// Delete deletes the version that held was read from, if it is unchanged: the
	// wrapped data keys are compared. Otherwise the error wraps source.ErrChanged
	// and nothing is deleted. It is not an error if the version is gone. If held has
	// no data key, because it could not be read, Delete does not compare.
	Delete(ctx context.Context, held credstash.Item) error
}

// Rewriter changes a stored version in place.
type Rewriter interface {
	// Rewrite replaces held by next, which has the same name and version, if the
	// stored item is unchanged: the wrapped data keys are compared. Otherwise the
	// error wraps source.ErrChanged and nothing is written. Attributes of other
	// programs stay.
	Rewrite(ctx context.Context, held, next credstash.Item) error
}

// ReEncrypter wraps data keys anew without revealing them.
type ReEncrypter interface {
	// ReEncrypt wraps a data key under the key for writing and the context to. It
	// reports false if the data key is already wrapped like that. The error wraps
	// source.ErrWrongContext if from is not the data key's context.
	ReEncrypt(ctx context.Context, wrapped []byte, from, to map[string]string) (rewrapped []byte, moved bool, err error)
}

// Decrypter unwraps data keys.
type Decrypter interface {
	// Decrypt returns the data key. The error wraps source.ErrWrongContext if the
	// key was wrapped with another context.
	Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error)
}

// Preconnector is an optional interface of a Reader or Decrypter that can connect
// before a batch needs the connections.
type Preconnector interface {
	// Preconnect makes connections for n concurrent calls. It returns when ctx ends
	// at the latest.
	Preconnect(ctx context.Context, n int)
}

// DataKeyGenerator makes new data keys.
type DataKeyGenerator interface {
	// GenerateDataKey returns n random bytes (1 to 1024), plain and wrapped.
	GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error)
}

// DefaultConcurrency limits the requests that a Store has in flight for one
// batch. A larger batch takes further rounds, each as long as a Query and a
// Decrypt: over TLS with round trips of 20 ms, 200 refs take 202 ms with a bound of
// 64, 128 ms with 128 and 99 ms with 256 (go run ./test/bench -only 20ms-200refs).
const DefaultConcurrency = 256

// Options are the parts of a Store. A store that is only read needs neither a Writer
// nor a DataKeyGenerator; an operation panics if it needs a part that is missing.
type Options struct {
	Reader           Reader
	Scanner          Scanner
	Writer           Writer
	Decrypter        Decrypter
	DataKeyGenerator DataKeyGenerator
	Rewriter         Rewriter    // for Rekey and Migrate
	ReEncrypter      ReEncrypter // for Rekey
	// VersionLister is optional: without it Delete scans for the versions of a name.
	VersionLister VersionLister
	// Prober is optional: without it Probe reads each item, undecrypted.
	Prober source.Prober
	// Namer is optional: without it SomeNames lists all of the table.
	Namer Namer
	// Concurrency limits the requests in flight for one batch; zero:
	// DefaultConcurrency.
	Concurrency int
	// Open is how items are opened.
	Open credstash.OpenOptions
}

// Store fetches and manages secrets. It is safe for concurrent use if its
// parts are.
type Store struct{ o Options }

var (
	_ source.Source           = (*Store)(nil)
	_ source.Globber          = (*Store)(nil)
	_ source.Lister           = (*Store)(nil)
	_ source.Prober           = (*Store)(nil)
	_ source.ConsistentProber = (*Store)(nil)
)

// New returns a Store over the given parts. It does no I/O.
func New(o Options) *Store {
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	return &Store{o}
}

// RefWriter writes the secrets of a Store by their refs, as every source can be written.
type RefWriter struct{ *Store }

var (
	_ source.Writer        = RefWriter{}
	_ source.HistoryReader = RefWriter{}
)

// Put implements source.Writer.
func (s RefWriter) Put(ctx context.Context, ref source.Ref, w source.Write) (source.Stored, error) {
	switch {
	case w.Tier != "":
		return source.Stored{}, &source.RefusalError{Reason: "only Parameter Store has tiers"}
	case w.Version != "" && (w.IfAbsent || w.Expect != source.Trace{}):
		return source.Stored{}, &source.RefusalError{Reason: "a condition on the newest version needs the next version, but another one is set"}
	}
	version, changed, err := s.Store.Put(ctx, PutRequest{
		Name: ref.Name, Value: w.Value, Context: ref.Context, Version: w.Version, Comment: w.Comment,
		Algorithm: w.Format, IfChanged: w.IfChanged, IfAbsent: w.IfAbsent, Expect: w.Expect.Version,
	})
	return source.Stored{Version: version, Changed: changed}, err
}

// Delete implements source.Writer.
func (s RefWriter) Delete(ctx context.Context, ref source.Ref, d source.Deletion) (source.Deleted, error) {
	remove := s.Store.Delete
	if d.DryRun {
		remove = s.Deletable
	}
	gone, err := remove(ctx, ref.Name, ref.Version)
	var out source.Deleted
	for _, e := range gone {
		out.Versions = append(out.Versions, e.Version)
	}
	return out, err
}

// History implements source.HistoryReader. Items have neither dates nor authors.
func (s RefWriter) History(ctx context.Context, ref source.Ref) ([]source.VersionInfo, error) {
	stored, err := s.stored(ctx, ref.Name, ref.Version)
	infos := make([]source.VersionInfo, len(stored))
	for i, item := range stored {
		infos[i] = source.VersionInfo{Version: item.Version, Comment: item.Comment}
	}
	return infos, err
}
