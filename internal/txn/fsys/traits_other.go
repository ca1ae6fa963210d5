//go:build unix && !linux

package fsys

import (
	"math"

	"golang.org/x/sys/unix"
)

// Traits implements FS. It knows none on this system.
func (OS) Traits(int, string) (Traits, error) { return Traits{}, nil }

// Room implements FS. It is unknown on this system.
func (OS) Room(int) (int64, error) { return math.MaxInt64, nil }

// Memory implements FS. This system has no files in memory.
func (OS) Memory(string, []byte) (fd int, path string, err error) { return -1, "", unix.ENOSYS }
