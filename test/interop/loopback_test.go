//go:build interop

package interop

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loopback is a network of its own with nothing but loopback, as "unshare -n"
// makes: for servers that insist on listening on every address.
type loopback struct{ work chan func() }

// newLoopback skips the test where making a network is not permitted, which
// takes root, or a system that gives its users namespaces.
func newLoopback(t *testing.T) *loopback {
	t.Helper()
	l, made := &loopback{work: make(chan func())}, make(chan error)
	go l.serve(made)
	if err := <-made; err != nil {
		t.Skipf("no network of its own for a server that listens everywhere: %v", err)
	}
	t.Cleanup(func() { close(l.work) })
	return l
}

// serve works off what has to happen inside. A namespace belongs to a thread:
// this one stays locked, so it ends with the goroutine.
func (l *loopback) serve(made chan<- error) {
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		err = raiseLoopback()
	}
	made <- err
	for f := range l.work {
		f()
	}
}

// raiseLoopback does "ip link set lo up".
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// in runs f inside.
func (l *loopback) in(f func() error) error {
	done := make(chan error)
	l.work <- func() { done <- f() }
	return <-done
}

// start starts a program inside, which ends with the test. No parent death
// signal: that would be the thread's, not the test's.
func (l *loopback) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := l.in(cmd.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
}

// client reaches inside: a socket stays in the network it was made in.
func (l *loopback) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		err := l.in(func() (err error) {
			conn, err = (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}}}
}

// TestLoopback makes sure that the network is its own.
func TestLoopback(t *testing.T) {
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+outside.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := newLoopback(t).client().Do(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v from outside, want %v", err, syscall.ECONNREFUSED)
	}
}
