package fsys

import "golang.org/x/sys/unix"

// walkFlags open a directory only to go through it, which needs no permission
// to read it.
const walkFlags = unix.O_PATH | unix.O_DIRECTORY
