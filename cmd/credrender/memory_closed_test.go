package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// nobodyMain is the command as an unprivileged user. A change of user closes the memory
// of a process too, which is taken back here.
func nobodyMain() {
	if os.Getuid() == 0 {
		for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody), unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)} {
			if err != nil {
				panic(err)
			}
		}
	}
	main()
}

// What the kernel does not dump, and lets nobody of the same user read, belongs to root
// in /proc (proc(5), "/proc/pid").
func TestMemoryIsClosed(t *testing.T) {
	t.Parallel()
	uid := os.Getuid()
	if uid == 0 {
		uid = nobody
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/", "XDG_STATE_HOME=/nonexistent"}

	cmd := exec.CommandContext(t.Context(), "credrender-nobody", "render", "-")
	cmd.Env, cmd.Dir = env, "/"
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	proc := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "environ")
	for deadline := time.Now().Add(time.Minute); ownerOf(t, proc) != 0 || !changedUser(t, cmd.Process.Pid, uid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s belongs to %d, want root", proc, ownerOf(t, proc))
		}
	}
	_ = stdin.Close()
	_ = cmd.Wait()

	// The command of exec is a program like any other, with its limit of core dumps.
	cmd = exec.CommandContext(t.Context(), "sh", "-c", "ulimit -S -c 8; exec credrender-nobody exec -- sh -c 'ulimit -S -c; stat -c %u /proc/self/environ'")
	cmd.Env, cmd.Dir = env, "/"
	out, err := cmd.CombinedOutput()
	if want := "8\n" + strconv.Itoa(uid) + "\n"; string(out) != want || err != nil {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

func ownerOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// changedUser reports whether a process has become the user.
func changedUser(t *testing.T, pid, uid int) bool {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	id := strconv.Itoa(uid)
	return strings.Contains(string(status), "\nUid:\t"+strings.Join([]string{id, id, id, id}, "\t")+"\n")
}
