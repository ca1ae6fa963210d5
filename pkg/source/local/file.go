package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/credrender/credrender/pkg/source"
)

// Buckets of the store file: meta describes the whole store, and items has a bucket for
// each name. The keys in that bucket are the versions.
const (
	metaBucket  = "meta"
	itemsBucket = "items"
	formatKey   = "format"
	keyIDKey    = "key"     // the id of the key for writing
	oldIDKey    = "old-key" // the id of the previous key, while items may be wrapped under it
	format      = "1"
)

// do runs fn in a transaction of its own and closes the file again.
func (s *Store) do(ctx context.Context, write bool, fn func(*bolt.Tx) error) (err error) {
	defer s.queue(write)()
	if err := ctx.Err(); err != nil {
		return err
	}
	f := &file{path: s.o.Path}
	// bbolt panics on corrupt pages. It reads a truncated file through its mapping, which
	// raises a memory fault.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			f.abandon()
			err = fmt.Errorf("store file %s: %w, or it is damaged: %v", s.o.Path, ErrNotStore, p)
		}
	}()
	db, err := f.open(ctx, s.o.Timeout, !write)
	if err != nil {
		return err
	}
	run := db.View
	if write {
		run = db.Update
	}
	err = run(func(tx *bolt.Tx) error {
		if err := checkFormat(tx); err != nil {
			return fmt.Errorf("store file %s: %w", s.o.Path, err)
		}
		return fn(tx)
	})
	return errors.Join(err, db.Close())
}

func (s *Store) queue(write bool) (leave func()) {
	if write {
		s.turn.Lock()
		return s.turn.Unlock
	}
	s.turn.RLock()
	return s.turn.RUnlock
}

func checkFormat(tx *bolt.Tx) error {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil || tx.Bucket([]byte(itemsBucket)) == nil {
		return fmt.Errorf("%w: the database of another program", ErrNotStore)
	}
	if got := string(meta.Get([]byte(formatKey))); got != format {
		return fmt.Errorf("%w: store format %s", source.ErrUnsupported, source.Show(got))
	}
	return nil
}

// file is a store file that is being opened.
type file struct {
	path string
	last *os.File // bbolt's descriptor, which holds its lock
}

// abandon releases the lock after a panic. Closing the database could wait forever for
// locks that the panic left held. bbolt's mapping stays and would keep the lock although
// the descriptor is closed: flock(2) releases it when the last reference ends.
func (f *file) abandon() {
	if f.last != nil {
		_ = syscall.Flock(int(f.last.Fd()), syscall.LOCK_UN)
		_ = f.last.Close()
	}
}

// open waits until other processes release the file: a writer waits for all others, a
// reader for a writer. It polls, because bbolt's own wait ignores the context.
func (f *file) open(ctx context.Context, timeout time.Duration, readOnly bool) (*bolt.DB, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	o := &bolt.Options{ReadOnly: readOnly, OpenFile: f.openFile, Timeout: 1, NoStatistics: true} // 1 ns: one try
	for wait := time.Millisecond; ; wait = min(2*wait, 32*time.Millisecond) {
		db, err := bolt.Open(f.path, 0o600, o)
		if err == nil {
			err = f.checkLength(db)
			if err == nil {
				return db, nil
			}
			return nil, errors.Join(err, db.Close())
		}
		if !errors.Is(err, berrors.ErrTimeout) {
			return nil, f.explain(err)
		}
		select {
		case <-time.After(wait):
		case <-limited.Done():
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("open store file %s: %w: in use by another process for %v", f.path, source.ErrUnreachable, timeout)
		}
	}
}

// checkLength refuses a truncated file, because bbolt could read a remaining page as if
// nothing were missing.
func (f *file) checkLength(db *bolt.DB) error {
	info, err := f.last.Stat()
	if err != nil {
		return f.explain(err)
	}
	return db.View(func(tx *bolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("store file %s: %w, or it is damaged: it has %d bytes of %d", f.path, ErrNotStore, info.Size(), tx.Size())
		}
		return nil
	})
}

// openFile opens the file for bbolt, which would itself create a missing file, initialize
// an empty one, and block on a FIFO.
func (f *file) openFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	file, err := os.OpenFile(path, flag&^os.O_CREATE|syscall.O_NONBLOCK, perm)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%w: not a regular file", ErrNotStore)
	case info.Size() == 0:
		err = fmt.Errorf("%w: empty", ErrNotStore)
	case !isOurs(info), info.Mode().Perm()&0o002 != 0, os.Geteuid() == 0 && info.Mode().Perm()&0o020 != 0:
		err = fmt.Errorf("%w (mode %04o)", ErrWritable, info.Mode().Perm())
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	f.last = file
	return file, nil
}

// permissionError reports that the kernel refused to open a file. It wraps
// source.ErrDenied and fs.ErrPermission.
type permissionError struct{}

func (permissionError) Error() string   { return fs.ErrPermission.Error() }
func (permissionError) Unwrap() []error { return []error{source.ErrDenied, fs.ErrPermission} }

func (f *file) explain(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = source.ErrNoStore
	case errors.Is(err, fs.ErrPermission):
		err = permissionError{}
	case errors.Is(err, syscall.EISDIR):
		err = fmt.Errorf("%w: a directory", ErrNotStore)
	case errors.As(err, &path):
		err = path.Err // path.Err, because the message has the path already
	case !errors.Is(err, ErrNotStore) && !errors.Is(err, ErrWritable):
		err = fmt.Errorf("%w: %w", ErrNotStore, err)
	}
	return fmt.Errorf("open store file %s: %w", f.path, err)
}
