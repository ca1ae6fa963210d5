//go:build !linux

package config

// isReadOnlyMount is for Linux, where pods run.
func isReadOnlyMount(string) bool { return false }
