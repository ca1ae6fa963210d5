//go:build !linux

package config

// isReadOnlyMount always returns false: ConfigMaps are mounted only on Linux.
func isReadOnlyMount(string) bool { return false }
