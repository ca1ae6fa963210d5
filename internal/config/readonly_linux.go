package config

import "golang.org/x/sys/unix"

// isReadOnlyMount reports whether path lies on a file system that is mounted
// read-only, so that its mode lets nobody write. Kubernetes mounts the folder of a
// ConfigMap so, with mode 2777.
func isReadOnlyMount(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Flags&unix.ST_RDONLY != 0
}
