package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/fsystest"
)

// The command as the fault campaign runs it: with a name server and a disk of the
// campaign's own, which the environment describes.
const (
	chaosDNSEnv  = "CHAOS_DNS"  // the address of the name server
	chaosDiskEnv = "CHAOS_DISK" // KIND NTH: what happens to the disk, at which operation
	chaosOpsEnv  = "CHAOS_OPS"  // the file for the number of operations, and FAULT after one
)

// Kinds of disk faults. A lasting one fails every operation from the NTH on.
const (
	diskFull     = "disk full"
	diskReadOnly = "disk read-only"
	diskBroken   = "disk: input/output error, once"
	diskSlow     = "disk slow"
	diskKill     = "killed at a disk operation"
)

func chaosMain() {
	stdin, stderr := os.Stdin, os.Stderr
	quietLibraries()
	if addr := os.Getenv(chaosDNSEnv); addr != "" {
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "udp", addr)
		}}
	}
	a := newApp(stdin, os.Stdout, stderr)
	disk := newChaosDisk(os.Getenv(chaosDiskEnv))
	a.fs = &fsystest.Hook{FS: fsys.OS{}, Before: disk.before}
	code := a.main(context.Background(), os.Args[1:])
	disk.report(os.Getenv(chaosOpsEnv))
	os.Exit(code)
}

// chaosDisk counts the operations of one run and disturbs them from the nth on.
type chaosDisk struct {
	kind string
	nth  int

	mu  sync.Mutex
	ops int
	met bool
}

func newChaosDisk(spec string) *chaosDisk {
	at := strings.LastIndex(spec, " ")
	if at < 0 {
		return &chaosDisk{}
	}
	nth, err := strconv.Atoi(spec[at+1:])
	if err != nil {
		panic(err)
	}
	return &chaosDisk{kind: spec[:at], nth: nth}
}

func (d *chaosDisk) before(op fsystest.Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ops++; d.kind == "" || d.ops < d.nth || op.Name == "close" {
		return nil
	}
	writes := op.Name != "read" && op.Name != "stat" && op.Name != "statat" && op.Name != "readlink" && op.Name != "open"
	switch d.kind {
	case diskFull:
		if op.Name == "write" || op.Name == "mkdir" || op.Name == "link" {
			d.met = true
			return unix.ENOSPC
		}
	case diskReadOnly:
		if writes {
			d.met = true
			return unix.EROFS
		}
	case diskBroken:
		if !d.met {
			d.met = true
			return unix.EIO
		}
	case diskSlow:
		d.met = true
		time.Sleep(time.Millisecond)
	case diskKill:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
	return nil
}

// report writes what happened.
func (d *chaosDisk) report(path string) {
	if path == "" {
		return
	}
	text := strconv.Itoa(d.ops)
	if d.met {
		text += " FAULT"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
}
