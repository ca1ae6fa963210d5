package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/credrender/credrender/internal/scaffold"
	"github.com/credrender/credrender/pkg/source"
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

// writeNew writes files below a directory, none of which may exist: all of them, or none.
// refusal is the message for one that does.
func writeNew(dir string, files []scaffold.File, refusal string) (err error) {
	for _, f := range files {
		if path := filepath.Join(dir, f.Name); fileExists(path) {
			return usagef(refusal, source.Show(path))
		}
	}
	var made []string
	defer func() {
		for _, path := range made {
			if err != nil {
				_ = os.Remove(path)
			}
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fileError(err)
		}
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fileError(err)
		}
		made = append(made, path)
		_, err = out.Write(f.Data)
		if err := errors.Join(err, out.Close()); err != nil {
			return fileError(err)
		}
	}
	return nil
}

// fileExists reports whether there is a file, or something that cannot be looked at.
func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
