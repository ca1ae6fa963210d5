package config

import "golang.org/x/sys/unix"

// isReadOnlyMount reports whether the file system of path is mounted read-only, so that
// nobody can write there whatever the mode. Kubernetes mounts the folder of a ConfigMap
// this way, with mode 2777.
func isReadOnlyMount(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Flags&unix.ST_RDONLY != 0
}
