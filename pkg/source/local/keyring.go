package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
)

// A store gets a new key in steps, each of which a kill may be the last of:
//
//  1. the new key is added to the key file, as its last line (NewKey);
//  2. the store file names it as the key for writing, and the old one as old;
//  3. store.Rekey wraps every data key under it;
//  4. the store file forgets the old one, if no item is under it (DropOldKeys);
//  5. the old one gets a file of its own beside the key file, and the key file
//     forgets it.
//
// So a key after the one for writing is of step 1, and one before it of step 5.
// From step 4 on nothing is taken that a process with the old key wrapped.
//
// A key is never destroyed, since nobody knows what else is under it: another
// store with the same key file, a backup of this one. Such stores find their key
// in its own file (keptPath), and a NewKey of theirs takes the key that they find
// in the key file. Two of them may be at work at once: whoever changes the key
// file holds the lock (lockKeyFile) from reading it to writing it.

// keyring holds the keys of a key file.
type keyring struct {
	current *masterKey // for writing
	all     []*masterKey
	kept    []*masterKey // keys read from separate files so far
}

func (r *keyring) byID(id string) *masterKey {
	for _, m := range slices.Concat(r.all, r.kept) {
		if m.id == id {
			return m
		}
	}
	if r.current != nil && r.current.id == id {
		return r.current
	}
	return nil
}

// ring reads the key file once, and checks that it belongs to the store.
func (s *Store) ring(ctx context.Context) (*keyring, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := s.keys.Load(); r != nil {
		return r, nil
	}
	var r *keyring
	err := s.do(ctx, false, func(tx *bolt.Tx) (err error) {
		r, err = s.readRing(tx) // the lock of the store file covers both, because they change together
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
		if r.current, err = s.kept(want); err != nil {
			return nil, err
		}
	}
	if r.current == nil {
		return nil, &KeyError{s.o.KeyPath, fmt.Sprintf("contains key %s, but store %s was created with key %s",
			all[len(all)-1].id, s.o.Path, source.Show(want)), source.ErrDenied}
	}
	return r, nil
}

// keyIDs returns the ids of the key for writing and of the one before it.
func keyIDs(tx *bolt.Tx) (current, old string) {
	meta := tx.Bucket([]byte(metaBucket))
	return string(meta.Get([]byte(keyIDKey))), string(meta.Get([]byte(oldIDKey)))
}

// checkWrapper refuses a data key that was wrapped under a key which the store has
// dropped since this process read it.
func (s *Store) checkWrapper(tx *bolt.Tx, wrapped []byte) error {
	id, ok := wrapperOf(wrapped)
	if current, old := keyIDs(tx); ok && id != current && id != old {
		s.keys.Store(nil)
		return fmt.Errorf("put under local key %s: %w: the store's key is %s now", source.Show(id), source.ErrChanged, current)
	}
	return nil
}

// NewKey gives the store another key for writing; the old one still opens the data keys
// that it wrapped. If DropOldKeys has not followed an earlier NewKey, the earlier key
// stays the new one, and NewKey returns false.
func (s *Store) NewKey(ctx context.Context) (made bool, err error) {
	unlock, err := s.lockKeyFile(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
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
		if next == r.current { // otherwise an earlier NewKey added a key that is not in use yet
			if next, err = newKey(); err != nil {
				return err
			}
			if err := s.writeKeys(append(slices.Clip(r.all), next)...); err != nil {
				return err
			}
		}
		meta := tx.Bucket([]byte(metaBucket))
		return errors.Join(meta.Put([]byte(oldIDKey), []byte(r.current.id)), meta.Put([]byte(keyIDKey), []byte(next.id)))
	})
	s.keys.Store(nil)
	return made && err == nil, err
}

// DropOldKeys removes all keys except the one for writing from the key file. If items are
// wrapped under the others, it removes none, and returns the number of these items. It
// moves each removed key to a separate file of mode 0600 and returns the paths, because
// other stores and backups may need these keys.
func (s *Store) DropOldKeys(ctx context.Context) (left int, kept []string, err error) {
	unlock, err := s.lockKeyFile(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer unlock()
	err = s.do(ctx, true, func(tx *bolt.Tx) error {
		r, err := s.readRing(tx)
		if err != nil {
			return err
		}
		if left = underOthers(tx, r.current.id); left > 0 {
			return nil
		}
		return tx.Bucket([]byte(metaBucket)).Delete([]byte(oldIDKey))
	})
	s.keys.Store(nil)
	if err != nil || left > 0 {
		return left, nil, err
	}
	err = s.do(ctx, true, func(tx *bolt.Tx) error {
		r, err := s.readRing(tx)
		if err != nil || len(r.all) == 1 {
			return err
		}
		if current, old := keyIDs(tx); old != "" || r.all[len(r.all)-1].id != current { // another NewKey has begun
			return nil
		}
		for _, m := range r.all[:len(r.all)-1] {
			path, err := s.keep(m)
			if err != nil {
				return err
			}
			kept = append(kept, path)
		}
		return s.writeKeys(r.current)
	})
	return 0, kept, err
}

// underOthers counts the items whose data key is wrapped under another key, corrupt items
// included.
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

// ReEncrypt implements store.ReEncrypter.
func (s *Store) ReEncrypt(ctx context.Context, wrapped []byte, from, to map[string]string) (rewrapped []byte, moved bool, err error) {
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
