package hop

import (
	"net"
	"testing"
)

// Accept listens on loopback until the test ends and serves each connection by serve, on a
// goroutine of its own. It returns the address. It is for tests of a server that does one
// thing only, without a plan.
func Accept(tb testing.TB, serve func(net.Conn)) (address string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go serve(c)
		}
	}()
	return l.Addr().String()
}
