package awsconf

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// pool is the HTTP client that the services of one [Config] share. It makes the
// connections itself, so it knows how many are open to whom, and can make some
// ahead of the requests that will use them (predial.go).
type pool struct {
	next  aws.HTTPClient
	proxy func(*http.Request) (*url.URL, error)
	tcp   dialFunc
	tls   *tls.Config
	meter *Meter // nil: nothing is counted

	mu     sync.Mutex
	open   map[string]int    // connections by address, those being made too
	spares map[place]*spares // what is being made ahead
	enough map[place]int     // the most that Predial was asked for
	idle   map[place][]*link // the last used at the end
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// place is where a connection leads: "https" and "kms.eu-west-1.amazonaws.com:443".
type place struct{ scheme, addr string }

// newPool takes the client as config.LoadDefaultConfig left it. Frozen, it is
// no longer one that each service clones, and with it the connections.
func newPool(c aws.HTTPClient, m *Meter) *pool {
	p := &pool{next: c, meter: m, open: map[string]int{}, spares: map[place]*spares{}, enough: map[place]int{}, idle: map[place][]*link{}}
	b, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return p
	}
	p.next = b.WithTransportOptions(func(tr *http.Transport) {
		p.proxy, p.tcp = tr.Proxy, tr.DialContext
		p.tls = tr.TLSClientConfig.Clone() // with AWS_CA_BUNDLE in it
		// A connection for each request in flight, as HTTP/1.1 has it, which
		// is all that DynamoDB and KMS speak.
		p.tls.NextProtos = []string{"http/1.1"}
		tr.DialContext = p.dialer("http")
		tr.DialTLSContext = p.dialer("https") // not used behind a proxy
	}).Freeze()
	return p
}

// Do implements aws.HTTPClient.
func (p *pool) Do(req *http.Request) (*http.Response, error) { return p.next.Do(req) }

// dialer is for net/http, which calls it where none of its idle connections
// will do.
func (p *pool) dialer(scheme string) dialFunc {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		to := place{scheme, addr}
		if l := p.lastIdle(to); l != nil {
			return l.Conn, nil
		}
		return p.obtain(ctx, to)
	}
}

// obtain returns a connection that no request was sent on yet.
func (p *pool) obtain(ctx context.Context, to place) (net.Conn, error) {
	if c := p.spare(ctx, to); c != nil {
		return c, nil
	}
	p.count(to.addr, 1)
	return p.connect(ctx, to, false)
}

// connect makes a connection that has been counted, its TLS handshake included.
func (p *pool) connect(ctx context.Context, to place, ahead bool) (net.Conn, error) {
	raw, err := p.tcp(ctx, "tcp", to.addr)
	if err != nil {
		p.count(to.addr, -1)
		return nil, err
	}
	p.meter.opened(ahead)
	c := &conn{Conn: raw, meter: p.meter, used: sync.OnceFunc(p.meter.used), closed: sync.OnceFunc(func() { p.count(to.addr, -1) })}
	if to.scheme != "https" {
		return c, nil
	}
	secured, err := p.handshake(ctx, c, to.addr)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return secured, nil
}

func (p *pool) handshake(ctx context.Context, c net.Conn, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	cfg := p.tls.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	ctx, cancel := context.WithTimeoutCause(ctx, tlsTimeout, errHandshake)
	defer cancel()
	secured := tls.Client(c, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		if errors.Is(context.Cause(ctx), errHandshake) { // ours, not the caller's deadline
			return nil, errHandshake
		}
		return nil, err
	}
	return secured, nil
}

// errHandshake is retried, as every net.Error that is a timeout is.
var errHandshake net.Error = handshakeTimeout{}

type handshakeTimeout struct{}

func (handshakeTimeout) Error() string   { return fmt.Sprintf("no TLS handshake within %s", tlsTimeout) }
func (handshakeTimeout) Timeout() bool   { return true }
func (handshakeTimeout) Temporary() bool { return true }

func (p *pool) count(addr string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[addr] += n
}

// conn tells its pool what arrives on it, and when it ends.
type conn struct {
	net.Conn
	meter  *Meter
	used   func() // a request is sent on it
	closed func()
}

// used tells the meter of the first request on a connection.
func used(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	if c, ok := c.(*conn); ok {
		c.used()
	}
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.meter.received(n)
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed()
	return c.Conn.Close()
}
