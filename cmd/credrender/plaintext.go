package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// guardPlaintext refuses to show values to others, before anything is fetched.
func (a *app) guardPlaintext(o *exportOptions) error {
	switch {
	case o.plaintext || o.dryRun:
		return nil
	case o.file == "" && isTerminal(a.stdout):
		return usagef("this would print secrets to a terminal: --file FILE writes them to a file, --plaintext prints them")
	case o.file == "":
		if f, ok := a.stdout.(*os.File); ok {
			info, err := f.Stat()
			return guardFile("standard output", info, err)
		}
		return nil
	}
	info, err := os.Stat(a.abs(o.file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return guardFile(o.file, info, err)
}

func guardFile(name string, info fs.FileInfo, err error) error {
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 {
		return usagef("%s can be read by others (mode %04o): --plaintext writes there all the same", name, info.Mode().Perm())
	}
	return err
}

// writePrivate replaces a file whole. A new one has mode 0600, another keeps
// its own.
func writePrivate(path string, text []byte) (err error) {
	mode := fs.FileMode(0o600)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return shorter(err)
	case !info.Mode().IsRegular():
		return usagef("%s is not a regular file", path)
	default:
		mode = info.Mode().Perm()
	}
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
