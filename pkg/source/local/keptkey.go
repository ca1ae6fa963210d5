package local

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// keptPath returns the path of the separate file of a key that is no longer in the key
// file.
func (s *Store) keptPath(id string) (string, error) {
	path, err := filepath.EvalSymlinks(s.o.KeyPath)
	return path + ".old-" + id, err
}

// keep stores a key in a separate file, with the owner of the key file.
func (s *Store) keep(m *masterKey) (path string, err error) {
	path, err = s.keptPath(m.id)
	if err == nil {
		err = publish(path, func(temp string) error { return s.fillKept(temp, m.line) })
	}
	if errors.Is(err, fs.ErrExist) { // an earlier run has kept it
		held, errHeld := s.kept(m.id)
		if err = cmp.Or(errHeld, err); held != nil {
			err = nil
		}
	}
	if err != nil {
		return path, fmt.Errorf("keep old key %s: %w", m.id, err)
	}
	return path, nil
}

func (s *Store) fillKept(temp, line string) error {
	f, err := os.OpenFile(temp, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, keepOwner(f, s.o.KeyPath), f.Close())
}

// kept returns the key with that id from its separate file. It returns nil if there is no
// such file, or a *[KeyError] if the file cannot be used. The id is not trusted, because
// it comes from a store file.
func (s *Store) kept(id string) (*masterKey, error) {
	if !isKeyID(id) {
		return nil, nil
	}
	path, err := s.keptPath(id)
	if err != nil {
		return nil, &KeyError{s.o.KeyPath, "cannot be read", err}
	}
	keys, err := readKeys(path)
	if errors.Is(err, source.ErrNoStore) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if m := (&keyring{all: keys}).byID(id); m != nil {
		return m, nil
	}
	return nil, &KeyError{path, "contains another key than its name indicates", source.ErrIntegrity}
}

func isKeyID(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == idSize
}

// lockKeyFile prevents other stores that share the key file from changing it. It locks
// the directory, because changes replace the file itself.
func (s *Store) lockKeyFile(ctx context.Context) (unlock func(), err error) {
	path, err := filepath.EvalSymlinks(s.o.KeyPath)
	if err != nil {
		path = s.o.KeyPath // reading it will return the error
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, &KeyError{s.o.KeyPath, "cannot be read", err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, source.ErrUnreachable)
	defer cancel()
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = dir.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock the directory of key file %s: %w", s.o.KeyPath, err), dir.Close())
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			_ = dir.Close()
			return nil, fmt.Errorf("lock the directory of key file %s: %w", s.o.KeyPath, context.Cause(ctx))
		}
	}
}
