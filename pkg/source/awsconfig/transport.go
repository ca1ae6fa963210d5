package awsconfig

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"net"
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
	// idleTimeout is shorter than the minute or so after which AWS closes idle
	// connections.
	idleTimeout = 45 * time.Second
	// maxHead limits the headers of an answer. Those of AWS are far smaller.
	maxHead = 64 << 10
	// readBuffer is the buffer of each connection for answers, half of net/http's own:
	// an answer with a small secret has less than 2 KiB. Requests need all of net/http's
	// 4 KiB, since those with a session token have more.
	readBuffer = 2 << 10
	// dialTimeout and tlsTimeout are far above any round trip on earth.
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	// answerTimeout limits the time between a request and the first byte of its
	// answer, in each attempt. The caller's context limits the body. The SDK's
	// WithReadTimeout is no alternative: its clock also runs on idle connections, so
	// requests on reused ones fail.
	answerTimeout = 15 * time.Second
)

// transport is the HTTP client that the services of a Config share. It adds to
// net/http's transport a limit of requests in flight to each host, connections opened
// in advance (connections.go), and the detection of repeated answers (repeated.go).
// It follows no redirect.
type transport struct {
	kept, fresh http.RoundTripper // fresh opens a connection for each request
	proxy       func(*http.Request) (*url.URL, error)
	tcp         dialFunc
	tls         *tls.Config
	roots       *roots // where tls has none
	tlsTimeout  time.Duration
	oneShot     bool
	meter       *Meter // nil: nothing is counted

	mu    sync.Mutex
	hosts map[string]*host
}

// newTransport returns a transport with the settings of c, which
// config.LoadDefaultConfig has completed.
func newTransport(c *awshttp.BuildableClient, o Options) *transport {
	base := c.GetTransport()
	t := &transport{proxy: base.Proxy, tcp: base.DialContext, tls: base.TLSClientConfig.Clone(), tlsTimeout: base.TLSHandshakeTimeout, oneShot: o.OneShot, meter: o.Meter, hosts: map[string]*host{}}
	if t.roots = new(roots); o.OneShot && t.tls.RootCAs == nil { // AWS_CA_BUNDLE sets them
		t.roots = newRoots()
	}
	t.tls.NextProtos = []string{"http/1.1"} // all that DynamoDB and KMS speak
	base.ForceAttemptHTTP2, base.Protocols = false, new(http.Protocols)
	base.Protocols.SetHTTP1(true)
	base.MaxIdleConns, base.MaxIdleConnsPerHost, base.IdleConnTimeout = 0, most, idleTimeout
	base.MaxResponseHeaderBytes, base.ReadBufferSize = maxHead, readBuffer
	fresh := base.Clone()
	fresh.DisableKeepAlives = true
	base.DialContext, base.DialTLSContext = t.dialer("http"), t.dialer("https") // net/http does not use the latter behind a proxy
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

// hostKey is the key of a request's *host in its context, for the dials that net/http
// starts for it.
type hostKey struct{}

// send sends a request once the limit of its host allows it. The request counts as in
// flight until the body of its answer is read or closed.
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
		markUsed(i.Conn)
	}})
	resp, err := via.RoundTrip(req.WithContext(ctx))
	if err != nil {
		done()
		return nil, err
	}
	resp.Body = &answerBody{resp.Body, done}
	repeated, identified := h.answers.check(resp.Header, on.Reused)
	if repeated {
		_ = on.Conn.Close() // all answers that follow on it are shifted too
		_ = resp.Body.Close()
		return nil, errRepeated
	}
	x.Used, x.Identified = on.Reused, identified
	return resp, nil
}

// host returns the state of the host of a URL. Without TLS there is no limit: a
// connection costs little (docs/dev/measured.md).
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

// answerBody calls done when it has been read or closed.
type answerBody struct {
	io.ReadCloser
	done func()
}

// Read implements io.Reader. At the end of the body, the connection can carry another
// request.
func (a *answerBody) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	if err != nil {
		a.done()
	}
	return n, err
}

// Close implements io.Closer.
func (a *answerBody) Close() error {
	defer a.done()
	return a.ReadCloser.Close()
}

// withoutProxy is for addresses on the machine or next to it. A proxy cannot reach
// them, and must not see what is sent there, such as a container's authorization
// token. botocore uses no proxy for them either.
func withoutProxy(c *awshttp.BuildableClient) *awshttp.BuildableClient {
	return c.WithTransportOptions(func(tr *http.Transport) { tr.Proxy = nil })
}

// newHTTPClient returns a client for config.LoadDefaultConfig, which adds the
// certificates of AWS_CA_BUNDLE. newTransport then builds the one that all services
// share.
func newHTTPClient(o Options) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = cmp.Or(o.DialTimeout, dialTimeout) }).
		WithTransportOptions(func(tr *http.Transport) {
			tr.TLSHandshakeTimeout = cmp.Or(o.TLSTimeout, tlsTimeout)
			tr.ResponseHeaderTimeout = cmp.Or(o.AnswerTimeout, answerTimeout)
		})
}
