// Package fsys provides file operations for durable writes: operations relative to open
// directories, syncs, and checks of which users could have tampered with a path.
//
// [FS] has one method for each system call that credrender makes on destinations and on
// the state directory. [OS] makes the calls. Tests replace it with a file system that
// fails, loses unsynced data, or stops the process at a labelled step (package fsystest).
// [Resolve] walks a path to an open directory and reports whether other users could have
// redirected it.
package fsys

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// FS makes system calls relative to open directories. It is wide because it stands for
// the kernel. Errors are the kernel's errno, without a path. Names are single components,
// and no method follows a symbolic link.
type FS interface {
	// Open is openat with O_NOFOLLOW and O_CLOEXEC. Its directory is [Here] if name
	// is "/".
	Open(dir int, name string, flags int, perm fs.FileMode) (fd int, err error)
	Close(fd int) error
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Truncate(fd int, size int64) error
	Stat(fd int) (Stat, error)
	Chmod(fd int, perm fs.FileMode) error
	Chown(fd, uid, gid int) error
	// DropACL removes the ACL of an open file, such as a new file inherits from its
	// directory. It does nothing if there is none.
	DropACL(fd int) error
	// Sync makes the content and metadata of a file, or the names in a directory, durable
	// across a power cut.
	Sync(fd int) error
	// Lock takes the exclusive flock of fd, or fails with EWOULDBLOCK.
	Lock(fd int) error

	StatAt(dir int, name string) (Stat, error)
	Readlink(dir int, name string) (string, error)
	// Names lists a directory, in no order.
	Names(dir int) ([]string, error)
	Mkdir(dir int, name string, perm fs.FileMode) error
	Link(dir int, old, name string) error
	Rename(dir int, old, name string) error
	Unlink(dir int, name string) error
	Rmdir(dir int, name string) error

	// Writable returns the error that the kernel would return for writing name: a file's
	// content or, if name is ".", the names in the directory.
	Writable(dir int, name string) error
	// Traits returns properties of a file that its mode and owner do not show.
	Traits(dir int, name string) (Traits, error)
	// Room returns how many bytes can be added to the file system of an open
	// directory, or [ErrKernelFS].
	Room(dir int) (int64, error)
	// Memory creates a file in memory, with content that nobody can change. Other
	// processes read it by its path until fd is closed.
	Memory(name string, data []byte) (fd int, path string, err error)

	// Euid returns the effective user ID.
	Euid() int
	// InGroup reports whether this user may give his files to the group.
	InGroup(gid int) bool
	// Step marks a point at which tests crash the process, with a label that the
	// calling package lists. The kernel's does nothing.
	Step(label string)
}

// Traits are properties of a file beside its [Stat].
type Traits struct {
	Mount uint64 // the mount that it belongs to; 0: not known
	Fixed bool   // immutable or append-only (chattr(1)), so not even root replaces it
}

// ErrKernelFS reports a directory of a file system that shows kernel data, such as /proc
// and /sys. No file can be created there.
var ErrKernelFS = errors.New("it is a file system of the kernel, which stores no other files")

// Here is the directory argument of Open for an absolute name.
const Here = unix.AT_FDCWD

// Stat describes one file.
type Stat struct {
	Dev, Inode, Links uint64
	Type              fs.FileMode // the type bits; 0: a regular file
	Perm              fs.FileMode // the nine permission bits
	Sticky, SetGID    bool
	UID, GID          int
	Size              int64
	Changed           int64 // ctime, in ns since 1970: no program can set it
}

// FileID identifies a file, independent of its names.
type FileID struct{ Dev, Inode uint64 }

// ID returns the identity of s.
func (s Stat) ID() FileID { return FileID{s.Dev, s.Inode} }

// Same reports whether s and o are the same file.
func (s Stat) Same(o Stat) bool { return s.Dev == o.Dev && s.Inode == o.Inode }

// Stamp returns a string that changes when content, mode or owner of the file change, or
// another file replaces it.
func (s Stat) Stamp() string {
	return fmt.Sprintf("%d:%d:%d:%d", s.Dev, s.Inode, s.Size, s.Changed)
}

// Stamp returns the [Stat.Stamp] of the file at path, links followed.
func Stamp(path string) (string, error) {
	var st unix.Stat_t
	if err := retry0(func() error { return unix.Stat(path, &st) }); err != nil {
		return "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fromKernel(st).Stamp(), nil
}

// IsLink reports whether s is a symbolic link.
func (s Stat) IsLink() bool { return s.Type&fs.ModeSymlink != 0 }
