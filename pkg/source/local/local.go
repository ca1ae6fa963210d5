// Package local stores secrets in one file, for machines without AWS. [Store]
// implements the interfaces of package store for both items and keys:
//
//   - the store file is a bbolt database of items, the same attributes that
//     DynamoDB would store, as its JSON;
//   - the key file holds a master key, under which data keys are wrapped by
//     AES-256-GCM with the encryption context as additional data, so that a wrong
//     context fails as it does in KMS. While a store moves to a new key
//     ([Store.NewKey], [Store.DropOldKeys]), the file has both. Afterwards the old
//     key has a file of its own beside it, for backups and for other stores with
//     the same key file.
//
// Only [Create] makes a store's first key. Without its key file a store is lost, and a
// new key would hide that until somebody needs a secret. Both files have the key's id,
// which tells the key of another store from a damaged one.
//
// bbolt locks the whole file, and a writer excludes readers. So each operation opens the
// file, copies what it needs and closes the file, which takes some 50 microseconds.
// Several processes may use one store concurrently.
package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/store"
)

// Default file names under $XDG_DATA_HOME/credrender.
const (
	FileName    = "store.db"
	KeyFileName = "store.key"
)

// DefaultTimeout is how long an operation waits for other processes to release the
// file.
const DefaultTimeout = 10 * time.Second

// Options locate a store.
type Options struct {
	Path    string        // the store file
	KeyPath string        // the master key's file; better not in the same backup
	Timeout time.Duration // to wait for other processes; zero: DefaultTimeout
}

// ErrNotStore reports an existing file that is not a store, or is damaged.
var ErrNotStore = errors.New("not a credrender store")

// ErrWritable reports a store file that users other than its owner, or root, may write: they
// could remove secrets, and put back old values.
var ErrWritable = errors.New("the store file belongs to another user, or others can write it")

// ErrExposed reports a key file that belongs to another user, or that others may read or
// write.
var ErrExposed = errors.New("every user it is open to could open the store")

// KeyError reports why a key file cannot be used. Unwrap returns source.ErrNoStore
// (missing), source.ErrDenied (not readable, or the key of another store), ErrExposed,
// source.ErrIntegrity (damaged) or the error of the file system.
type KeyError struct {
	Path   string
	Reason string
	Err    error
}

func (e *KeyError) Error() string { return fmt.Sprintf("key file %s %s: %v", e.Path, e.Reason, e.Err) }

func (e *KeyError) Unwrap() error { return e.Err }

// Store is a store file with its key file. It is safe for concurrent use, also
// by several processes.
type Store struct {
	o    Options
	keys atomic.Pointer[keyring] // read at first use, because listing needs no key
	// turn queues the operations of this process. Locks of the file are polled, so with
	// many concurrent operations some would wait forever.
	turn sync.RWMutex
}

var (
	_ store.Reader           = (*Store)(nil)
	_ store.VersionLister    = (*Store)(nil)
	_ store.Scanner          = (*Store)(nil)
	_ store.Writer           = (*Store)(nil)
	_ store.Decrypter        = (*Store)(nil)
	_ store.DataKeyGenerator = (*Store)(nil)
	_ store.Rewriter         = (*Store)(nil)
	_ store.ReEncrypter      = (*Store)(nil)
)

// New returns a store over the files that Create made. It does no I/O. If the store file
// is missing, the first operation returns source.ErrNoStore.
func New(o Options) *Store {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	return &Store{o: o}
}

// Create creates the store file and, if it is missing, its key file, with mode 0600, and
// missing directories with mode 0700. It uses an existing key file. If the store exists
// and its key fits, Create returns false. It never replaces a file: an existing store
// without its key is an error.
func Create(ctx context.Context, o Options) (created bool, err error) {
	if _, err := os.Lstat(o.Path); err == nil {
		_, err := New(o).master(ctx)
		return false, err
	}
	for _, path := range []string{o.KeyPath, o.Path} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return false, fmt.Errorf("create store: %w", err)
		}
	}
	keys, err := ensureKey(o.KeyPath)
	if err != nil {
		return false, err
	}
	key := keys[len(keys)-1]
	err = publish(o.Path, func(temp string) error { return initialise(temp, key.id) })
	if errors.Is(err, fs.ErrExist) { // another process created it first
		_, err := New(o).master(ctx)
		return false, err
	}
	if err != nil {
		return false, fmt.Errorf("create store: %w", err)
	}
	return true, nil
}

func ensureKey(path string) ([]*masterKey, error) {
	keys, err := readKeys(path)
	if !errors.Is(err, source.ErrNoStore) {
		return keys, err
	}
	err = publish(path, func(temp string) error { return os.WriteFile(temp, []byte(newKeyLine()), 0o600) })
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return readKeys(path)
}

func initialise(path, keyID string) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(metaBucket))
		if err != nil {
			return err
		}
		_, err = tx.CreateBucket([]byte(itemsBucket))
		return errors.Join(err, meta.Put([]byte(formatKey), []byte(format)), meta.Put([]byte(keyIDKey), []byte(keyID)))
	})
	return errors.Join(err, db.Close())
}

// publish creates a file that is complete from the moment it has its name. It returns
// fs.ErrExist if the name is taken.
func publish(path string, fill func(temp string) error) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	if err := errors.Join(fill(temp.Name()), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
