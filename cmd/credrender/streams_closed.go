package main

import (
	"io"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// A program that is started with a closed standard stream (`get NAME >&-`) never
// notices: before main, Go's runtime opens /dev/null in its place, for reading and
// writing. The result would be lost with exit code 0, and an empty value stored.
// Shells, systemd and most programs that mean to discard a result open the device for
// writing only, and daemon(3) shares one file among the streams. Python's DEVNULL and
// Node's "ignore" cannot be told from a closed stream. So commands that do something
// besides printing ignore a closed standard output.

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

// openOutput returns standard output for a command line, or a writer that fails if it
// is closed. Of the commands here, what they print is not all that they do.
func openOutput(stdout io.Writer, words []string) io.Writer {
	effective := []string{"setup", "demo"}
	if slices.Contains(words, credstashName) {
		effective = append(effective, "put", "putall", "delete")
	}
	does := slices.ContainsFunc(words, func(w string) bool { return slices.Contains(effective, w) })
	if f, ok := stdout.(*os.File); ok && !does && isClosed(f) {
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
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
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
