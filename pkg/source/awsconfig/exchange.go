package awsconfig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// idleTimeout is how long a connection may lie idle and be used again. AWS
// closes its end after a minute or so.
const idleTimeout = 45 * time.Second

// Exchange implements wire.Exchanger: one request, and its answer, on a
// connection that nobody else uses meanwhile. That is HTTP/1.1 with the
// standard library's reader and writer of messages, but without the two
// goroutines and four channels that net/http's transport has for each
// connection: a wave of hundreds on a small machine spends more time in those
// than in anything else.
//
// The request must do no harm when it is sent twice: a reused connection that
// breaks before the first byte of an answer had been closed by the other end,
// and another takes its place.
//
// Errors are those of net/http's client, *url.Error.
func (p *pool) Exchange(req *http.Request) (*http.Response, error) {
	if p.tcp == nil || p.proxied(req) {
		return p.Do(req)
	}
	resp, err := p.exchange(req)
	if err != nil {
		return nil, &url.Error{Op: req.Method[:1] + strings.ToLower(req.Method[1:]), URL: req.URL.String(), Err: err}
	}
	return resp, nil
}

func (p *pool) exchange(req *http.Request) (*http.Response, error) {
	to := placeOf(req.URL)
	for {
		l, err := p.take(req.Context(), to)
		if err != nil {
			return nil, err
		}
		used(l.Conn)
		resp, err := l.exchange(req)
		if err == nil {
			return resp, nil
		}
		_ = l.Close()
		if !l.reused || !errors.Is(err, errStale) || req.Context().Err() != nil {
			return nil, err
		}
		if req.GetBody == nil { // nor a body
			continue
		}
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
}

// link is a connection for one exchange at a time.
type link struct {
	net.Conn
	*buffers       // while one goes on
	base     *conn // under Conn's TLS, or Conn itself
	pool     *pool
	host     *host
	reused   bool
	took     time.Duration // the last answer
	idle     time.Time     // since when
}

// buffers are used again by other exchanges: there are far more connections.
type buffers struct {
	in  *bufio.Reader
	out *bufio.Writer
}

// bufferSize holds the head of an answer, and a whole one of most; of larger
// ones the rest is read past it.
const bufferSize = 2 << 10

func newBuffers() any {
	return &buffers{in: bufio.NewReaderSize(nil, bufferSize), out: bufio.NewWriterSize(nil, bufferSize)}
}

func (l *link) attach() {
	l.buffers = l.pool.buffers.Get().(*buffers) //nolint:forcetypeassert // newBuffers makes them
	l.in.Reset(l.Conn)
	l.out.Reset(l.Conn)
}

// detach is for an exchange that has come to its end: nothing reads any more.
func (l *link) detach() {
	l.in.Reset(nil)
	l.out.Reset(nil)
	l.pool.buffers.Put(l.buffers)
	l.buffers = nil
}

// release gives a connection back, if it can be used again.
func (l *link) release() {
	if l.in.Buffered() > 0 || l.SetDeadline(time.Time{}) != nil {
		_ = l.Close()
		return
	}
	l.detach()
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	l.host.took = least(l.host.took, l.took)
	l.host.served++
	l.reused = true
	l.pool.give(l.host, l)
}

// errStale: the connection broke before an answer began.
var errStale = errors.New("the connection ended before an answer")

// exchange writes the request and reads the head of the answer, whose body
// gives the connection back when it is closed.
func (l *link) exchange(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := l.SetDeadline(time.Now().Add(headerTimeout)); err != nil {
		return nil, err
	}
	l.attach()
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	resp, err := l.answer(req)
	if err != nil {
		stop()
		return nil, err
	}
	// A body may take as long as ctx lets it.
	if err := l.SetDeadline(time.Time{}); err != nil || ctx.Err() != nil {
		stop()
		return nil, errors.Join(ctx.Err(), err)
	}
	resp.Body = &answer{ReadCloser: resp.Body, link: l, stop: stop, last: resp.Close}
	return resp, nil
}

func (l *link) answer(req *http.Request) (*http.Response, error) {
	began := time.Now()
	err := req.Write(l.out)
	if err == nil {
		err = l.out.Flush()
	}
	if err == nil {
		_, err = l.in.Peek(1)
	}
	if err != nil {
		if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errStale, err)
	}
	l.took = time.Since(began)
	for {
		resp, err := http.ReadResponse(l.in, req)
		if err != nil || resp.StatusCode >= http.StatusOK {
			return resp, err
		}
	}
}

// answer is the body of one.
type answer struct {
	io.ReadCloser
	link  *link
	stop  func() bool // of the context's hold on the link; false: it has ended
	last  bool        // the other end closes after it
	ended bool
	given bool // back
}

// Read implements io.Reader.
func (a *answer) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	a.ended = a.ended || errors.Is(err, io.EOF)
	return n, err
}

// Close implements io.Closer. The connection is given back once: a second time
// it may be somebody else's.
func (a *answer) Close() error {
	if a.given {
		return nil
	}
	a.given = true
	if a.stop() && a.ended && !a.last {
		a.link.release()
		return nil
	}
	return a.link.Close()
}
