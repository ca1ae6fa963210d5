package main

import "golang.org/x/sys/unix"

// closeMemory makes this process leave no core dump, and keeps other processes of the
// same user from reading its memory, environment and descriptors. It ends at execve(2), so
// that a hook, or the command of exec, gets its own way and its own limit of core dumps.
// An error means an old kernel or a strict sandbox.
func closeMemory() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
