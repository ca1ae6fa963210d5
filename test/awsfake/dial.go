package awsfake

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

// DialRule makes connections slow or broken, before anything is asked on them.
// Rules apply in the order they were added: every delay, then the first fault.
type DialRule struct {
	Service string // DynamoDB, KMS or STS; "": any
	Times   int    // how many connections; zero: all

	// Delay is added to the setup of a connection, as distance would: once,
	// before the server reads the first byte (with TLS: of the handshake).
	Delay time.Duration
	// Reset answers a connection by a TCP RST. Silent accepts it and never says
	// a word, as a firewall that drops packets.
	Reset, Silent bool

	left int
}

// FailDial adds a rule for connections. The returned function takes it away.
func (s *Server) FailDial(r DialRule) (remove func()) {
	r.left = r.Times
	p := &r
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials = append(s.dials, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dials = slices.DeleteFunc(s.dials, func(x *DialRule) bool { return x == p })
	}
}

// dialFault uses up the rules for a connection, and returns their delay and
// the first fault.
func (s *Server) dialFault(service string) (wait time.Duration, fault *DialRule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.dials {
		if fault != nil || r.Service != "" && r.Service != service || r.Times > 0 && r.left == 0 {
			continue
		}
		r.left--
		wait += r.Delay
		if r.Reset || r.Silent {
			fault = r
		}
	}
	return wait, fault
}

// listener applies dial rules.
type listener struct {
	net.Listener
	srv     *Server
	service string
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		wait, fault := l.srv.dialFault(l.service)
		if fault != nil && fault.Reset && wait == 0 {
			reset(c)
			continue
		}
		if wait == 0 && fault == nil {
			return c, nil
		}
		return &slowConn{Conn: c, srv: l.srv, wait: wait, fault: fault}, nil
	}
}

// reset closes a connection by a TCP RST, whatever is wrapped around it.
func reset(c net.Conn) {
	under := c
	if secured, ok := under.(*tls.Conn); ok {
		under = secured.NetConn()
	}
	if slow, ok := under.(*slowConn); ok {
		under = slow.Conn
	}
	if tcp, ok := under.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = under.Close()
}

// slowConn does what the rules say before its first read.
type slowConn struct {
	net.Conn
	srv   *Server
	wait  time.Duration
	fault *DialRule
	once  sync.Once
}

// Read implements net.Conn.
func (c *slowConn) Read(p []byte) (int, error) {
	c.once.Do(func() {
		timer := time.NewTimer(c.wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.srv.closing:
		}
		switch {
		case c.fault == nil:
		case c.fault.Reset:
			reset(c.Conn)
		case c.fault.Silent:
			<-c.srv.closing
		}
	})
	return c.Conn.Read(p)
}
