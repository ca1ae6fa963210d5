package main

import (
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A program that is started with a closed standard input (`put NAME - <&-`) never
// notices: before main, Go's runtime opens /dev/null in its place, for reading and
// writing. The command would then store an empty value. Shells and systemd open the
// device for reading only. A closed standard output is not detected in the same way,
// because Python's DEVNULL and Node's "ignore", which cannot be told from it, are usual
// ways to discard output.

// closedStream fails on each use.
type closedStream struct{}

func (closedStream) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: "standard input", Err: syscall.EBADF}
}

// openInput returns standard input, or a reader that fails if it is closed.
func openInput(stdin io.Reader) io.Reader {
	if f, ok := stdin.(*os.File); ok && isClosed(f) {
		return closedStream{}
	}
	return stdin
}

func isClosed(f *os.File) bool {
	fd := int(f.Fd())
	if fd > 2 || !isNull(fd) {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// isNull reports whether a descriptor is /dev/null, by whatever path.
func isNull(fd int) bool {
	var is, null unix.Stat_t
	return unix.Fstat(fd, &is) == nil && unix.Stat(os.DevNull, &null) == nil && is.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}
