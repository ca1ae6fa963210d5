// Package fsystest has file systems to test durable writes with: [Hook] makes
// single operations of another one fail, vanish or be noticed, and [Sim] is
// one in memory whose power can be cut.
package fsystest

import (
	"errors"
	"io/fs"

	"github.com/credrender/credrender/internal/txn/fsys"
)

// ErrSkip, returned by [Hook.Before], makes an operation succeed without
// having been done: a sync that was forgotten.
var ErrSkip = errors.New("skip this operation")

// Op is one operation that may change something or fail.
type Op struct {
	Name  string // as the method of fsys.FS, in lower case
	File  string // the name it is about; of a descriptor, the name it was opened by
	Label string // the last step label before it
}

// Hook passes operations on to FS, after asking Before. It is for one
// goroutine at a time.
type Hook struct {
	fsys.FS
	// Before sees each operation; nil lets it pass, ErrSkip leaves it out,
	// any other error is its result.
	Before func(Op) error
	// AtStep, if set, is called at each labelled step.
	AtStep func(label string)

	label string
	names map[int]string
}

func (h *Hook) ask(name, file string, do func() error) error {
	if h.Before == nil {
		return do()
	}
	switch err := h.Before(Op{name, file, h.label}); {
	case errors.Is(err, ErrSkip):
		return nil
	case err != nil:
		return err
	}
	return do()
}

// Open implements fsys.FS.
func (h *Hook) Open(dir int, name string, flags int, perm fs.FileMode) (fd int, err error) {
	fd = -1
	err = h.ask("open", name, func() (err error) {
		fd, err = h.FS.Open(dir, name, flags, perm)
		return err
	})
	if err == nil {
		if h.names == nil {
			h.names = map[int]string{}
		}
		if name == "." {
			name = h.names[dir]
		}
		h.names[fd] = name
	}
	return fd, err
}

// Close implements fsys.FS. The descriptor is gone whatever Before says.
func (h *Hook) Close(fd int) error {
	err := h.FS.Close(fd)
	return errors.Join(err, h.ask("close", h.names[fd], func() error { return nil }))
}

// Read implements fsys.FS.
func (h *Hook) Read(fd int, p []byte) (n int, err error) {
	err = h.ask("read", h.names[fd], func() (err error) { n, err = h.FS.Read(fd, p); return err })
	return n, err
}

// Write implements fsys.FS.
func (h *Hook) Write(fd int, p []byte) (n int, err error) {
	n = len(p)
	err = h.ask("write", h.names[fd], func() (err error) { n, err = h.FS.Write(fd, p); return err })
	return n, err
}

// Truncate implements fsys.FS.
func (h *Hook) Truncate(fd int, size int64) error {
	return h.ask("truncate", h.names[fd], func() error { return h.FS.Truncate(fd, size) })
}

// Stat implements fsys.FS.
func (h *Hook) Stat(fd int) (st fsys.Stat, err error) {
	err = h.ask("stat", h.names[fd], func() (err error) { st, err = h.FS.Stat(fd); return err })
	return st, err
}

// Chmod implements fsys.FS.
func (h *Hook) Chmod(fd int, perm fs.FileMode) error {
	return h.ask("chmod", h.names[fd], func() error { return h.FS.Chmod(fd, perm) })
}

// Chown implements fsys.FS.
func (h *Hook) Chown(fd, uid, gid int) error {
	return h.ask("chown", h.names[fd], func() error { return h.FS.Chown(fd, uid, gid) })
}

// DropACL implements fsys.FS.
func (h *Hook) DropACL(fd int) error {
	return h.ask("dropacl", h.names[fd], func() error { return h.FS.DropACL(fd) })
}

// Writable implements fsys.FS.
func (h *Hook) Writable(dir int, name string) error {
	return h.ask("writable", name, func() error { return h.FS.Writable(dir, name) })
}

// Sync implements fsys.FS.
func (h *Hook) Sync(fd int) error {
	return h.ask("sync", h.names[fd], func() error { return h.FS.Sync(fd) })
}

// StatAt implements fsys.FS.
func (h *Hook) StatAt(dir int, name string) (st fsys.Stat, err error) {
	err = h.ask("statat", name, func() (err error) { st, err = h.FS.StatAt(dir, name); return err })
	return st, err
}

// Readlink implements fsys.FS.
func (h *Hook) Readlink(dir int, name string) (target string, err error) {
	err = h.ask("readlink", name, func() (err error) { target, err = h.FS.Readlink(dir, name); return err })
	return target, err
}

// Mkdir implements fsys.FS.
func (h *Hook) Mkdir(dir int, name string, perm fs.FileMode) error {
	return h.ask("mkdir", name, func() error { return h.FS.Mkdir(dir, name, perm) })
}

// Link implements fsys.FS.
func (h *Hook) Link(dir int, old, name string) error {
	return h.ask("link", name, func() error { return h.FS.Link(dir, old, name) })
}

// Rename implements fsys.FS.
func (h *Hook) Rename(dir int, old, name string) error {
	return h.ask("rename", name, func() error { return h.FS.Rename(dir, old, name) })
}

// Unlink implements fsys.FS.
func (h *Hook) Unlink(dir int, name string) error {
	return h.ask("unlink", name, func() error { return h.FS.Unlink(dir, name) })
}

// Rmdir implements fsys.FS.
func (h *Hook) Rmdir(dir int, name string) error {
	return h.ask("rmdir", name, func() error { return h.FS.Rmdir(dir, name) })
}

// Step implements fsys.FS.
func (h *Hook) Step(label string) {
	h.label = label
	if h.AtStep != nil {
		h.AtStep(label)
	}
	h.FS.Step(label)
}
