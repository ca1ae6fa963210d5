package fsystest

import (
	"os"
	"testing"
)

// MemoryDir returns a new directory on a file system in memory, or the test's
// temporary directory where the machine has none. Syncs cost nothing there, so it
// is for tests that write many files and are not about durability.
func MemoryDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "credrender-")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
