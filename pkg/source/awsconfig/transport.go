package awsconfig

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/credrender/credrender/pkg/source/internal/wire"
)

const (
	// idleTimeout is shorter than the minute or so after which AWS closes a
	// connection.
	idleTimeout = 45 * time.Second
	// maxHead is many times what AWS sends before a body.
	maxHead = 64 << 10
)

// transport is the HTTP client that the services of a Config share: net/http's
// transport, with a bound to the requests in flight to a host, connections that
// are made in advance (connect.go), and an eye on repeated answers. It follows
// no redirect.
type transport struct {
	kept, fresh http.RoundTripper // fresh makes a connection for each request
	proxy       func(*http.Request) (*url.URL, error)
	tcp         dialFunc
	tls         *tls.Config
	tlsTimeout  time.Duration
	oneShot     bool
	meter       *Meter // nil: nothing is counted

	mu    sync.Mutex
	hosts map[string]*host
}

// newTransport takes the client as config.LoadDefaultConfig left it.
func newTransport(c *awshttp.BuildableClient, o Options) *transport {
	base := c.GetTransport()
	t := &transport{proxy: base.Proxy, tcp: base.DialContext, tls: base.TLSClientConfig.Clone(), tlsTimeout: base.TLSHandshakeTimeout, oneShot: o.OneShot, meter: o.Meter, hosts: map[string]*host{}}
	t.tls.NextProtos = []string{"http/1.1"} // all that DynamoDB and KMS speak
	base.ForceAttemptHTTP2, base.Protocols = false, new(http.Protocols)
	base.Protocols.SetHTTP1(true)
	base.MaxIdleConns, base.MaxIdleConnsPerHost, base.IdleConnTimeout = 0, most, idleTimeout
	base.MaxResponseHeaderBytes = maxHead
	fresh := base.Clone()
	fresh.DisableKeepAlives = true
	base.DialContext, base.DialTLSContext = t.dialer("http", true), t.dialer("https", true) // the latter not behind a proxy
	fresh.DialContext, fresh.DialTLSContext = t.dialer("http", false), t.dialer("https", false)
	t.kept, t.fresh = base, fresh
	if o.Transport != nil {
		t.kept, t.fresh = o.Transport(base), o.Transport(fresh)
	}
	return t
}

// Do implements aws.HTTPClient. Its errors are those of net/http's client.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.exchange(req)
	if err != nil {
		return nil, &url.Error{Op: req.Method[:1] + strings.ToLower(req.Method[1:]), URL: req.URL.Redacted(), Err: err}
	}
	return resp, nil
}

// hostKey marks what a request's context holds for the dials that it begins: its
// *host.
type hostKey struct{}

// send waits for a turn, which ends with the answer's body.
func (t *transport) send(via http.RoundTripper, req *http.Request, x *wire.Exchange) (*http.Response, error) {
	h := t.host(req.URL)
	if err := h.turns.Acquire(req.Context(), 1); err != nil {
		return nil, err
	}
	h.count(1, 0)
	done := sync.OnceFunc(func() {
		h.count(-1, 0)
		h.turns.Release(1)
	})
	var on httptrace.GotConnInfo
	ctx := httptrace.WithClientTrace(context.WithValue(req.Context(), hostKey{}, h), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		on = i
		used(i.Conn)
	}})
	resp, err := via.RoundTrip(req.WithContext(ctx))
	if err != nil {
		done()
		return nil, err
	}
	resp.Body = &answer{resp.Body, done}
	repeated, identified := h.answers.check(resp.Header, on.Reused)
	if repeated {
		_ = on.Conn.Close() // whatever follows on it is another's too
		_ = resp.Body.Close()
		return nil, errRepeated
	}
	x.Used, x.Identified = on.Reused, identified
	return resp, nil
}

// host returns what is known of the host of a URL. Connections without TLS cost
// next to nothing.
func (t *transport) host(u *url.URL) *host {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hosts[u.Scheme+"://"+u.Host]
	if h == nil {
		h = newHost(t.oneShot && u.Scheme == "https")
		t.hosts[u.Scheme+"://"+u.Host] = h
	}
	return h
}

// answer is the body of one.
type answer struct {
	io.ReadCloser
	done func()
}

// Read implements io.Reader. At the end of the body the connection is ready for
// another request.
func (a *answer) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	if err != nil {
		a.done()
	}
	return n, err
}

// Close implements io.Closer.
func (a *answer) Close() error {
	defer a.done()
	return a.ReadCloser.Close()
}
