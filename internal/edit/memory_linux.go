package edit

import "golang.org/x/sys/unix"

// inMemory reports whether a directory is on tmpfs or ramfs.
func inMemory(dir string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false
	}
	return int64(st.Type) == unix.TMPFS_MAGIC || int64(st.Type) == unix.RAMFS_MAGIC //nolint:unconvert // 32 bits on some systems
}
