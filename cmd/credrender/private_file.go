package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writePrivate replaces a file atomically. A new file has mode 0600; an existing one
// keeps its mode. A link without a target is an error: the values would end beside it,
// and not on the disk that is not mounted.
func writePrivate(path string, text []byte) error {
	mode := fs.FileMode(0o600)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return usagef("%s: a link to a file that does not exist", path)
		}
	case err != nil:
		return fileError(err)
	case !info.Mode().IsRegular():
		return usagef("%s is not a regular file", path)
	default:
		mode = info.Mode().Perm()
	}
	return replaceFile(path, text, mode)
}

// replaceFile replaces a file, or a link, atomically.
func replaceFile(path string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if pe, ok := errors.AsType[*fs.PathError](err); ok {                      // of the temporary file
		return usagef("%s: %w", path, pe.Err)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
