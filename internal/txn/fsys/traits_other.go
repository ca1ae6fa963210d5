//go:build unix && !linux

package fsys

import (
	"math"

	"golang.org/x/sys/unix"
)

// Traits implements FS: none are known.
func (OS) Traits(int, string) (Traits, error) { return Traits{}, nil }

// Room implements FS: it is not known.
func (OS) Room(int) (int64, error) { return math.MaxInt64, nil }

// Memory implements FS: there are no such files.
func (OS) Memory(string, []byte) (fd int, path string, err error) { return -1, "", unix.ENOSYS }
