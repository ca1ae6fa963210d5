package daemon_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/daemon"
)

// Processes that a hook leaves behind are reaped; those that this program waits for
// itself are left to it. A child subreaper gets orphans as process 1 does
// (prctl(2)).
func TestOrphansAreReaped(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skipf("the kernel makes no subreaper: %v", err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { daemon.ReapOrphans(ctx); close(done) }()
	defer func() { cancel(); <-done }()

	out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 0.1 & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	orphan := strings.TrimSpace(string(out))
	busy, stop := context.WithCancel(ctx) // children of our own end all the time, as a daemon's do
	defer stop()
	go func() {
		for busy.Err() == nil {
			_ = exec.CommandContext(busy, "/bin/sleep", "0.05").Run()
		}
	}()
	for range 5 { // each is waited for by itself
		if err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 0.3; exit 7").Run(); err == nil || err.Error() != "exit status 7" {
			t.Errorf("a child of our own: %v", err)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for ; time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat("/proc/" + orphan); err != nil {
			return
		}
	}
	data, _ := os.ReadFile("/proc/" + orphan + "/stat")
	t.Errorf("%s is still there, in process %s: %s", orphan, strconv.Itoa(os.Getpid()), data)
}
