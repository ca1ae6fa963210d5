package edit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of several directories the first in memory counts; without one, the fallback is used
// and said to be on a disk.
func TestMemoryComesFirst(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	disk, memory := t.TempDir(), ""
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if f[2] != "tmpfs" {
			continue
		}
		if dir, err := os.MkdirTemp(f[1], "edit-test-"); err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			memory = dir
			break
		}
	}
	if memory == "" {
		t.Skip("no tmpfs that this user can write")
	}
	w := workspace(t, []string{filepath.Join(disk, "gone"), "/proc", memory}, disk, "")
	if !strings.HasPrefix(w.Path(), memory+"/") || w.OnDisk {
		t.Errorf("the file is %s, on a disk: %v; want it below %s", w.Path(), w.OnDisk, memory)
	}
	if w := workspace(t, []string{"/proc"}, disk, ""); !strings.HasPrefix(w.Path(), disk+"/") {
		t.Errorf("the file is %s, want it below %s", w.Path(), disk)
	}
}
