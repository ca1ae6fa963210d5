// Package local keeps a credstash-compatible store in one file, for machines
// without AWS: items in a bbolt database, data keys wrapped under a master key
// that lies in a file of its own. It implements the interfaces of package store.
package local

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// File names under $XDG_DATA_HOME/credrender where nothing else is said.
const (
	FileName    = "store.db"
	KeyFileName = "store.key"
)

// DefaultTimeout is how long an operation waits for other processes that use
// the file.
const DefaultTimeout = 10 * time.Second

// Options say where a store is.
type Options struct {
	Path    string        // the store file
	KeyPath string        // the master key's file; best not in the same backup
	Timeout time.Duration // zero: DefaultTimeout
}

// ErrNotStore is wrapped where the file exists and is no store.
var ErrNotStore = errors.New("not a credrender store file")

// KeyError says why a key file cannot be used. Unwrap gives
// source.ErrNoStore (it is missing), source.ErrDenied (not readable, readable
// by others, or the key of another store) or source.ErrIntegrity (damaged).
type KeyError struct {
	Path   string
	Reason string
	Err    error
}

func (e *KeyError) Error() string { return "" }

// Unwrap returns the sentinel.
func (e *KeyError) Unwrap() error { return e.Err }

// Create makes the store file and, where there is none, its key file; both
// 0600, their directories 0700 where missing. It reports false where the
// store is there already and its key fits. It never replaces a file.
func Create(ctx context.Context, o Options) (created bool, err error) { return false, nil }

// Store is a store file. Each operation opens it, copies out what it needs and
// closes it, since bbolt locks whole files. It is safe for concurrent use, also
// by several processes.
type Store struct{ o Options }

// New returns a store over the files that Create made. It does no I/O: a
// missing file is source.ErrNoStore at the first operation.
func New(o Options) *Store { return &Store{o: o} }

// Newest implements store.Reader.
func (s *Store) Newest(ctx context.Context, name string) (credstash.Item, error) {
	return credstash.Item{}, nil
}

// Get implements store.Reader.
func (s *Store) Get(ctx context.Context, name, version string) (credstash.Item, error) {
	return credstash.Item{}, nil
}

// Versions implements store.Historian.
func (s *Store) Versions(ctx context.Context, name string) ([]credstash.Item, error) { return nil, nil }

// Scan implements store.Scanner, in byte order of names and versions. The file
// is read a page of about 1 MiB at a time and not held open between them.
func (s *Store) Scan(ctx context.Context, keysOnly bool) iter.Seq2[credstash.Item, error] { return nil }

// Put implements store.Writer.
func (s *Store) Put(ctx context.Context, item credstash.Item) error { return nil }

// Delete implements store.Writer.
func (s *Store) Delete(ctx context.Context, name, version string) error { return nil }

// Decrypt implements store.Decrypter.
func (s *Store) Decrypt(ctx context.Context, wrapped []byte, encryptionContext map[string]string) ([]byte, error) {
	return nil, nil
}

// GenerateDataKey implements store.KeyMaker.
func (s *Store) GenerateDataKey(ctx context.Context, n int, encryptionContext map[string]string) (plain, wrapped []byte, err error) {
	return nil, nil, nil
}
