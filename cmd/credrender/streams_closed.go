package main

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A program that is started with a closed standard stream (`get NAME >&-`) never
// notices: before main, Go's runtime opens /dev/null in its place. A result would be
// lost with exit code 0, and an empty value stored. The runtime opens the device for
// reading and writing and without O_CLOEXEC, each stream by itself. Shells, systemd
// and most programs that mean to discard a result open it for writing only; Python
// adds O_CLOEXEC, and daemon(3) shares one file among the streams.

// closedStream fails on each use.
type closedStream struct{}

func (closedStream) Read([]byte) (int, error) { return 0, syscall.EBADF }

func (closedStream) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return 0, syscall.EBADF
}

// openInput returns standard input, or a reader that fails if it is closed.
func openInput(stdin io.Reader) io.Reader {
	if f, ok := stdin.(*os.File); ok && isClosed(f) {
		return closedStream{}
	}
	return stdin
}

// openOutput returns standard output, or a writer that fails if it is closed.
func openOutput(stdout io.Writer) io.Writer {
	if f, ok := stdout.(*os.File); ok && isClosed(f) {
		return closedStream{}
	}
	return stdout
}

func isClosed(f *os.File) bool {
	fd := int(f.Fd())
	if fd > 2 || !isNull(fd) {
		return false
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR || flags&unix.O_CLOEXEC != 0 {
		return false
	}
	for other := range 3 {
		if other != fd && sharesFile(fd, other, flags) {
			return false
		}
	}
	return true
}

// isNull reports whether a descriptor is /dev/null, by whatever path.
func isNull(fd int) bool {
	var is, null unix.Stat_t
	return unix.Fstat(fd, &is) == nil && unix.Stat(os.DevNull, &null) == nil && is.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}

// sharesFile reports whether two descriptors of /dev/null are one open file: such
// share their status flags. It changes O_APPEND for a moment, which means nothing to
// the device.
func sharesFile(fd, other, flags int) bool {
	if !isNull(other) {
		return false
	}
	before, err := unix.FcntlInt(uintptr(other), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags^unix.O_APPEND); err != nil {
		return false
	}
	after, err := unix.FcntlInt(uintptr(other), unix.F_GETFL, 0)
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	return err == nil && (before^after)&unix.O_APPEND != 0
}
