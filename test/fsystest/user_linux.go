package fsystest

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Nobody is a user that owns nothing.
const Nobody = 65534

// AsUser runs f with the rights of uid, on a thread that ends with it. Only
// root can become somebody else: others skip the test. f must not end the
// test (t.Fatal) nor start goroutines that need the rights.
func AsUser(t testing.TB, uid int, f func()) {
	t.Helper()
	NeedRoot(t)
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		// The C library's setresuid is for all threads, the system call for one.
		_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0)
		if errno == 0 {
			_, _, errno = unix.RawSyscall(unix.SYS_SETRESGID, uintptr(uid), uintptr(uid), uintptr(uid))
		}
		if errno == 0 {
			_, _, errno = unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid))
		}
		if errno != 0 {
			done <- errno
			return
		}
		defer close(done) // also where f panics or calls runtime.Goexit
		f()
	}()
	if err := <-done; err != nil {
		t.Fatalf("become user %d: %v", uid, err)
	}
}

// NeedRoot skips a test that changes owners or mounts.
func NeedRoot(t testing.TB) {
	t.Helper()
	if unix.Geteuid() != 0 {
		t.Skip("only root can change owners and mount")
	}
}

// Mount mounts source at target until the test ends, or skips it where even
// root may not (a container).
func Mount(t testing.TB, source, target, fstype string, flags uintptr, data string) {
	t.Helper()
	NeedRoot(t)
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		t.Skipf("mounting is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", target, err)
		}
	})
}
