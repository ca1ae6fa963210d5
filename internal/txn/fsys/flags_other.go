//go:build unix && !linux

package fsys

import "golang.org/x/sys/unix"

// walkFlags open a directory to go through it; without O_PATH that needs
// permission to read it.
const walkFlags = unix.O_RDONLY | unix.O_DIRECTORY
