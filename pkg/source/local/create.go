package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/credrender/credrender/pkg/source"
)

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
