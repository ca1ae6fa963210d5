package awsconfig

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// pool is the HTTP client that the services of one [Config] share. It makes the
// connections itself, so that it can make some ahead of the requests that will
// use them (predial.go), give one that comes back to a request that still waits
// for its own (host.go), and have handshakes wait for a core in good order
// (gate.go).
type pool struct {
	next  aws.HTTPClient
	proxy func(*http.Request) (*url.URL, error)
	tcp   dialFunc
	tls   *tls.Config
	gate  *gate
	meter *Meter // nil: nothing is counted

	buffers sync.Pool // of *buffers

	mu    sync.Mutex
	hosts map[place]*host
	// What a handshake takes of a core, on average and at least, and the least that
	// the answer to its first message has taken: see most.
	computed, swiftest time.Duration
	distance           time.Duration
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// place is where a connection leads: "https" and "kms.eu-west-1.amazonaws.com:443".
type place struct{ scheme, addr string }

// newPool takes the client as config.LoadDefaultConfig left it. Frozen, it is
// no longer one that each service clones, and with it the connections.
func newPool(c aws.HTTPClient, m *Meter) *pool {
	p := &pool{next: c, meter: m, gate: newGate(runtime.GOMAXPROCS(0)), hosts: map[place]*host{}, buffers: sync.Pool{New: newBuffers}}
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

// dialer is for net/http, which calls it where none of its own idle connections
// will do, and keeps what it gets.
func (p *pool) dialer(scheme string) dialFunc {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		l, err := p.take(ctx, place{scheme, addr})
		if err != nil {
			return nil, err
		}
		p.lend(l)
		return l.Conn, nil // nothing is buffered between two exchanges
	}
}

// proxied reports whether a request goes through a proxy, where connections
// lead to another address and begin with a question to the proxy: those are
// left to net/http.
func (p *pool) proxied(req *http.Request) bool {
	if p.proxy == nil {
		return false
	}
	via, err := p.proxy(req)
	return via != nil || err != nil
}

// placeOf is what net/http dials for u.
func placeOf(u *url.URL) place {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return place{u.Scheme, net.JoinHostPort(u.Hostname(), port)}
}
