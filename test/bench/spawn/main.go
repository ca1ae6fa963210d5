// Command spawn starts a program, and writes what it took to file descriptor 3: the most
// memory it had, in KiB, then its user and system time and the time from start to end, in
// microseconds.
//
// A program's peak is at least what the program that started it had. The benchmark has more
// than most of what it measures; spawn has little, since it imports little.
package main

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

func main() {
	began := time.Now()
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		os.Stderr.WriteString("spawn: " + err.Error() + "\n")
		os.Exit(127)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err = syscall.Wait4(pid, &status, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	wall := time.Since(began).Microseconds()
	cpu := (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
	text := strconv.FormatInt(usage.Maxrss, 10) + " " + strconv.FormatInt(cpu, 10) + " " + strconv.FormatInt(wall, 10) + "\n"
	if _, err := os.NewFile(3, "usage").WriteString(text); err != nil {
		os.Exit(127)
	}
	if status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(status.ExitStatus())
}
