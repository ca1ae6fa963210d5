package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
)

// A store gets a new key in steps, each of which a kill may be the last of:
//
//  1. the new key is added to the key file, as its last line (NewKey);
//  2. the store file names it as the key for writing, and the old one as old;
//  3. store.Rekey wraps every data key under it;
//  4. the store file forgets the old one, if no item is under it (DropOldKeys);
//  5. the key file does.
//
// So a key after the one for writing is of step 1, and one before it of step 5.
// From step 4 on nothing is taken that a process with the old key wrapped.

// keyring is what a key file holds.
type keyring struct {
	current *masterKey // for writing
	all     []*masterKey
}

func (r *keyring) byID(id string) *masterKey {
	i := slices.IndexFunc(r.all, func(m *masterKey) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return r.all[i]
}

// ring reads the key file once, and checks that it is the store's.
func (s *Store) ring(ctx context.Context) (*keyring, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := s.keys.Load(); r != nil {
		return r, nil
	}
	var r *keyring
	err := s.do(ctx, false, func(tx *bolt.Tx) (err error) {
		r, err = s.readRing(tx) // under the file's lock: both change together
		return err
	})
	if err != nil {
		return nil, err
	}
	s.keys.Store(r)
	return r, nil
}

func (s *Store) readRing(tx *bolt.Tx) (*keyring, error) {
	want, _ := keyIDs(tx)
	all, err := readKeys(s.o.KeyPath)
	if err != nil {
		return nil, err
	}
	r := &keyring{all: all}
	if r.current = r.byID(want); r.current == nil {
		return nil, &KeyError{s.o.KeyPath, fmt.Sprintf("holds key %s, and store %s was made with key %s",
			all[len(all)-1].id, s.o.Path, source.Show(want)), source.ErrDenied}
	}
	return r, nil
}

// keyIDs returns the ids of the key for writing and of the one before it.
func keyIDs(tx *bolt.Tx) (current, old string) {
	meta := tx.Bucket([]byte(metaBucket))
	return string(meta.Get([]byte(keyIDKey))), string(meta.Get([]byte(oldIDKey)))
}

// checkWrapper refuses a data key under a key that the store has given up since
// this process read it.
func (s *Store) checkWrapper(tx *bolt.Tx, wrapped []byte) error {
	id, ok := wrapperOf(wrapped)
	if current, old := keyIDs(tx); ok && id != current && id != old {
		s.keys.Store(nil)
		return fmt.Errorf("put under local key %s: %w: the store's key is %s now", source.Show(id), source.ErrChanged, current)
	}
	return nil
}

// NewKey gives the store another key for writing; the old one still opens what
// it wrapped. Where an earlier NewKey has not been followed by DropOldKeys, that
// key is the new one, and it reports false.
func (s *Store) NewKey(ctx context.Context) (made bool, err error) {
	err = s.do(ctx, true, func(tx *bolt.Tx) error {
		r, err := s.readRing(tx)
		if err != nil {
			return err
		}
		if _, old := keyIDs(tx); old != "" {
			return nil
		}
		made = true
		next := r.all[len(r.all)-1]
		if next == r.current { // else one was made, and not yet put to use
			if next, err = newKey(); err != nil {
				return err
			}
			if err := s.writeKeys(r.current, next); err != nil {
				return err
			}
		}
		meta := tx.Bucket([]byte(metaBucket))
		return errors.Join(meta.Put([]byte(oldIDKey), []byte(r.current.id)), meta.Put([]byte(keyIDKey), []byte(next.id)))
	})
	s.keys.Store(nil)
	return made && err == nil, err
}

// DropOldKeys takes all keys but the one for writing out of the key file, unless
// items are wrapped under others: it returns how many.
func (s *Store) DropOldKeys(ctx context.Context) (left int, err error) {
	var r *keyring
	err = s.do(ctx, true, func(tx *bolt.Tx) error {
		if r, err = s.readRing(tx); err != nil {
			return err
		}
		if left = underOthers(tx, r.current.id); left > 0 {
			return nil
		}
		return tx.Bucket([]byte(metaBucket)).Delete([]byte(oldIDKey))
	})
	s.keys.Store(nil)
	if err != nil || left > 0 {
		return left, err
	}
	return 0, s.do(ctx, true, func(tx *bolt.Tx) error {
		if r, err = s.readRing(tx); err != nil || len(r.all) == 1 {
			return err
		}
		if current, old := keyIDs(tx); old != "" || r.all[len(r.all)-1].id != current { // another NewKey has begun
			return nil
		}
		return s.writeKeys(r.current)
	})
}

// underOthers counts the items whose data key is wrapped under another key. One
// that is garbled counts too.
func underOthers(tx *bolt.Tx, id string) (n int) {
	items := tx.Bucket([]byte(itemsBucket))
	_ = items.ForEachBucket(func(name []byte) error {
		return items.Bucket(name).ForEach(func(version, value []byte) error {
			if by, ok := wrapperOf(decode(string(name), string(version), value).Key); !ok || by != id {
				n++
			}
			return nil
		})
	})
	return n
}

// Rewrap implements store.Rewrapper.
func (s *Store) Rewrap(ctx context.Context, wrapped []byte, from, to map[string]string) (rewrapped []byte, moved bool, err error) {
	plain, err := s.Decrypt(ctx, wrapped, from)
	if err != nil {
		return nil, false, err
	}
	m, err := s.master(ctx)
	if err != nil {
		return nil, false, err
	}
	if id, _ := wrapperOf(wrapped); id == m.id && maps.Equal(from, to) {
		return wrapped, false, nil
	}
	return m.wrap(plain, to), true, nil
}

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
		return nil, &KeyError{path, "is damaged, or no key file", source.ErrIntegrity}
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

// newKeyLine is a line of a key file, with a key that nobody has.
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

// writeKeys replaces the key file by one with these keys, whole at every
// instant, for the owner that it had.
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
