package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const prefix = "credrender-edit-"

// Workspace is a directory with the file that is edited. The run that owns it holds a
// lock on it, by which other runs see that it is in use.
type Workspace struct {
	// OnDisk means that no directory in memory could be used.
	OnDisk bool

	dir  string
	file string
	lock *os.File
}

// NewWorkspace makes a workspace in the first of dirs that is in memory and can be
// written, else in fallback. It first removes workspaces of dead runs. ext is the ending
// of the file, by which editors choose a syntax; it may be empty.
func NewWorkspace(dirs []string, fallback, ext string) (*Workspace, error) {
	for _, dir := range append(dirs[:len(dirs):len(dirs)], fallback) {
		sweep(dir)
	}
	for _, dir := range dirs {
		if !inMemory(dir) {
			continue
		}
		if w, err := newWorkspace(dir, ext); err == nil {
			return w, nil
		}
	}
	w, err := newWorkspace(fallback, ext)
	if err != nil {
		return nil, fmt.Errorf("no directory for the editor's file: %w", err)
	}
	w.OnDisk = !inMemory(fallback)
	return w, nil
}

// newWorkspace makes and locks a directory. Another run may take it for a dead one's
// before it is locked, so it is looked at again after that.
func newWorkspace(parent, ext string) (*Workspace, error) {
	for {
		dir, err := os.MkdirTemp(parent, prefix) // 0700
		if err != nil {
			return nil, err
		}
		lock, err := lockDir(dir)
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
		if _, err := os.Lstat(dir); err == nil {
			return &Workspace{dir: dir, file: filepath.Join(dir, "value"+ext), lock: lock}, nil
		}
		_ = lock.Close()
	}
}

// lockDir opens and locks a directory without waiting. The kernel releases the lock when
// the process ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// Path returns the name of the file.
func (w *Workspace) Path() string { return w.file }

// Write makes the file, with mode 0600.
func (w *Workspace) Write(value []byte) error {
	f, err := os.OpenFile(w.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	return errors.Join(err, f.Close())
}

// Read returns what the file holds now.
func (w *Workspace) Read() ([]byte, error) { return os.ReadFile(w.file) }

// Close removes the workspace with all that the editor has left in it, unless it is kept.
func (w *Workspace) Close() (err error) {
	if w.dir != "" {
		err = os.RemoveAll(w.dir)
	}
	return errors.Join(err, w.lock.Close())
}

// Keep renames the workspace, so that neither Close nor the next run removes it, and
// returns where the file is then.
func (w *Workspace) Keep() (file string, err error) {
	dir := strings.Replace(w.dir, prefix, "credrender-kept-", 1)
	if err := os.Rename(w.dir, dir); err != nil {
		return "", err
	}
	w.dir = ""
	return filepath.Join(dir, filepath.Base(w.file)), nil
}

// sweep removes the workspaces in a directory that dead runs of this user left. It is a
// best effort: what cannot be removed stays.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !e.IsDir() || !isOwn(e) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		lock, err := lockDir(dir)
		if err != nil {
			continue // in use
		}
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}

func isOwn(e fs.DirEntry) bool {
	info, err := e.Info()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && info.Mode().Perm() == 0o700
}
