package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// readKeys reads a key file: lines of a header, a key's id and the key in base64.
func readKeys(path string) ([]*masterKey, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	var keys []*masterKey
	for line := range strings.Lines(text) {
		m, ok := parseKey(line)
		if !ok || (&keyring{all: keys}).byID(m.id) != nil {
			keys = nil
			break
		}
		keys = append(keys, m)
	}
	if len(keys) == 0 {
		return nil, &KeyError{path, "is damaged, or not a key file", source.ErrIntegrity}
	}
	return keys, nil
}

func parseKey(line string) (*masterKey, bool) {
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != keyHeader {
		return nil, false
	}
	key, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(key) != keySize || keyID(key) != fields[1] {
		return nil, false
	}
	m, err := newMasterKey(key)
	if err != nil {
		return nil, false
	}
	m.line = keyHeader + " " + fields[1] + " " + fields[2] + "\n"
	return m, true
}

// newKeyLine returns a line of a key file with a new random key.
func newKeyLine() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	return keyHeader + " " + keyID(key) + " " + base64.StdEncoding.EncodeToString(key) + "\n"
}

func newKey() (*masterKey, error) {
	m, ok := parseKey(newKeyLine())
	if !ok {
		return nil, errors.New("make a key: it does not read back")
	}
	return m, nil
}

// writeKeys replaces the key file atomically by one with these keys, and keeps its owner.
func (s *Store) writeKeys(keys ...*masterKey) error {
	path, err := filepath.EvalSymlinks(s.o.KeyPath)
	if err == nil {
		err = replace(path, keys)
	}
	if err != nil {
		return fmt.Errorf("write key file %s: %w", s.o.KeyPath, err)
	}
	return nil
}

func replace(path string, keys []*masterKey) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	for _, m := range keys {
		if _, err := temp.WriteString(m.line); err != nil {
			return errors.Join(err, temp.Close())
		}
	}
	if err := errors.Join(keepOwner(temp, path), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func keepOwner(f *os.File, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// isOurs reports whether a file belongs to this process's user or root. Its owner can read it
// whatever its mode.
func isOurs(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && (owner.Uid == 0 || int(owner.Uid) == os.Geteuid())
}

func readPrivate(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // O_NONBLOCK, so that a FIFO does not block
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &KeyError{path, "is missing", source.ErrNoStore}
	case errors.Is(err, fs.ErrPermission):
		return "", &KeyError{path, "cannot be read", permissionError{}}
	case err != nil:
		return "", &KeyError{path, "cannot be read", err}
	}
	defer func() { _ = f.Close() }() // the file was only read
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", &KeyError{path, "cannot be read", err}
	case !info.Mode().IsRegular():
		return "", &KeyError{path, "is not a regular file", source.ErrIntegrity}
	case info.Mode().Perm()&0o077 != 0:
		return "", &KeyError{path, fmt.Sprintf("is open to others (mode %04o, not 0600)", info.Mode().Perm()), ErrExposed}
	case !isOurs(info):
		return "", &KeyError{path, "belongs to another user", ErrExposed}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return "", &KeyError{path, "cannot be read", err}
	}
	return string(b), nil
}

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
