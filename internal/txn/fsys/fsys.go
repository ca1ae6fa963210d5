// Package fsys is the file system as durable writes see it: operations on
// open directories, what a crash keeps, and who could have tampered.
//
// [FS] is the seam: one method for each system call that the rest of
// credrender uses on destinations and on the state directory. [OS] makes the
// calls; tests put in its place a file system that fails, that forgets what
// was not synced, or that stops the process at a labelled step (package
// fsystest). [Resolve] walks a path to an open directory and says who else
// could have led it astray.
package fsys

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// FS makes system calls relative to open directories. The one interface is
// wide because it is the kernel's. Errors are the kernel's errno, without a
// path. Names are single components, and no method follows a symbolic link.
type FS interface {
	// Open is openat with O_NOFOLLOW and O_CLOEXEC added; [Here] stands for
	// no directory, where name is "/".
	Open(dir int, name string, flags int, perm fs.FileMode) (fd int, err error)
	Close(fd int) error
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Truncate(fd int, size int64) error
	Stat(fd int) (Stat, error)
	Chmod(fd int, perm fs.FileMode) error
	Chown(fd, uid, gid int) error
	// DropACL removes the ACL of an open file, such as a default ACL of the
	// directory gives to a new one. Where there is none, it does nothing.
	DropACL(fd int) error
	// Sync makes content and metadata of a file, or the names in a directory,
	// survive a power cut.
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

	// Writable reports why name could not be written: a file's content or,
	// where name is ".", the names in the directory.
	Writable(dir int, name string) error
	// Traits reports what the rights of a file do not show.
	Traits(dir int, name string) (Traits, error)
	// Room returns how many bytes can be added to the file system of an open
	// directory, or [ErrKernelFS].
	Room(dir int) (int64, error)
	// Memory makes a file that exists in memory alone, with content that nobody
	// can change, and the path by which other processes read it until fd is closed.
	Memory(name string, data []byte) (fd int, path string, err error)

	// Euid is who we are.
	Euid() int
	// InGroup reports whether we may give a file of ours to the group.
	InGroup(gid int) bool
	// Step is called where a crash would be interesting, with a label that
	// the calling package lists. The kernel's does nothing.
	Step(label string)
}

// Traits are properties of a file beside its [Stat].
type Traits struct {
	Mount uint64 // the mount that it belongs to; 0: not known
	Fixed bool   // immutable or append-only (chattr(1)), so not even root replaces it
}

// ErrKernelFS: the directory belongs to a file system that shows the kernel's own
// data, such as /proc and /sys, and holds no files of ours.
var ErrKernelFS = errors.New("the file system is the kernel's own and holds no other files")

// Here is the directory argument of Open for an absolute name.
const Here = unix.AT_FDCWD

// Stat is what one file is.
type Stat struct {
	Dev, Inode, Links uint64
	Type              fs.FileMode // the type bits; 0: a regular file
	Perm              fs.FileMode // the nine permission bits
	Sticky, SetGID    bool
	UID, GID          int
	Size              int64
	Changed           int64 // ctime, in ns since 1970: no program can set it
}

// FileID tells files apart, whatever they are called.
type FileID struct{ Dev, Inode uint64 }

// ID returns what tells s from all other files.
func (s Stat) ID() FileID { return FileID{s.Dev, s.Inode} }

// Same reports whether s and o are the same file.
func (s Stat) Same(o Stat) bool { return s.Dev == o.Dev && s.Inode == o.Inode }

// Stamp is another string after anything was done to the file: to its content,
// mode or owner, or by putting another in its place.
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
