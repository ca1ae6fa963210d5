package daemon

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// orphanAge is how long a process may be a zombie before it is taken for an
// orphan. The program waits for each process that it starts itself, which ends
// that one's time as a zombie at once.
const orphanAge = time.Second

// ReapOrphans waits for processes that others have started and left, until ctx is
// done. They become children of process 1, which in a container is the program
// itself, and stay zombies until it waits for them.
func ReapOrphans(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	var before map[int]bool
	for wait := time.After(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ended: // there may be one every moment: a wait under way goes on
			if wait == nil {
				wait = time.After(orphanAge)
			}
			continue
		case <-wait:
			wait = nil
		}
		now := zombies(os.Getpid())
		for pid := range now {
			if before[pid] {
				_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
				delete(now, pid)
			}
		}
		if before = now; len(now) > 0 {
			wait = time.After(orphanAge)
		}
	}
}

// zombies are the children of parent that have ended and were not waited for.
func zombies(parent int) map[int]bool {
	found := map[int]bool{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it is gone
		}
		// pid (name) state ppid ...: proc_pid_stat(5); a name may hold anything.
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if len(fields) < 2 || string(fields[0]) != "Z" || string(fields[1]) != strconv.Itoa(parent) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			found[pid] = true
		}
	}
	return found
}
