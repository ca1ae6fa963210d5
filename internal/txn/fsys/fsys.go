// Package fsys is the file system as durable writes see it: operations on
// open directories, what a crash keeps, and who could have tampered.
//
// [FS] is the seam: one method for each system call that the rest of
// credrender uses on destinations and on the state directory. [OS] makes the
// calls; tests put in its place a file system that fails, that forgets what
// was not synced, or that stops the process at a labelled step (package
// fsystest).
package fsys

import "io/fs"

// FS makes system calls relative to open directories. Its one interface is
// wide because it is the kernel's; errors are the kernel's errno. No method
// follows a symbolic link in its last component.
type FS interface {
	Open(dir int, name string, flags int, perm fs.FileMode) (fd int, err error)
	Close(fd int) error
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Truncate(fd int, size int64) error
	Stat(fd int) (Stat, error)
	Chmod(fd int, perm fs.FileMode) error
	Chown(fd, uid, gid int) error
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

	// Euid is who we are.
	Euid() int
	// Step is called where a crash would be interesting, with one of the
	// labels that the package making the step lists. The kernel's does nothing.
	Step(label string)
}

// Stat is what one file is.
type Stat struct {
	Dev, Inode, Links uint64
	Type              fs.FileMode // the type bits; 0: a regular file
	Perm              fs.FileMode // the nine permission bits
	Sticky            bool
	UID, GID          int
	Size              int64
}

// LinkError: a symbolic link that is not followed, since somebody other than
// root and ourselves could have put it there.
type LinkError struct {
	Path string // of the link
}

func (e *LinkError) Error() string {
	return e.Path + " is a symbolic link in a directory that others can write"
}
