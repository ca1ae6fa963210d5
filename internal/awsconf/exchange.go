package awsconf

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// idleTimeout is how long a connection may lie idle and be used again. AWS
// closes its end after a minute or so.
const idleTimeout = 45 * time.Second

// Exchange implements awscall.Exchanger: one request, and its answer, on a
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
	if p.tcp == nil || p.proxied(req.URL) {
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
	pool   *pool
	to     place
	in     *bufio.Reader
	out    *bufio.Writer
	reused bool
	idle   time.Time // since when
}

// take returns the connection that was used last, one that was made ahead, or
// a new one.
func (p *pool) take(ctx context.Context, to place) (*link, error) {
	if l := p.lastIdle(to); l != nil {
		return l, nil
	}
	c, err := p.obtain(ctx, to)
	if err != nil {
		return nil, err
	}
	used(c)
	return &link{Conn: c, pool: p, to: to, in: bufio.NewReader(c), out: bufio.NewWriter(c)}, nil
}

// lastIdle takes the freshest idle connection, or nil, and closes those that
// are too old.
func (p *pool) lastIdle(to place) *link {
	last, old := p.takeIdle(to)
	for _, l := range old {
		_ = l.Close() // which takes the lock
	}
	return last
}

func (p *pool) takeIdle(to place) (last *link, old []*link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := p.idle[to]
	n := 0
	for n < len(links) && time.Since(links[n].idle) > idleTimeout {
		n++
	}
	old, links = slices.Clone(links[:n]), slices.Delete(links, 0, n)
	if n := len(links); n > 0 {
		last, links = links[n-1], links[:n-1]
	}
	p.idle[to] = links
	return last, old
}

// release makes a connection idle, if it can be used again.
func (l *link) release() {
	if l.in.Buffered() > 0 || l.SetDeadline(time.Time{}) != nil {
		_ = l.Close()
		return
	}
	l.reused, l.idle = true, time.Now()
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	l.pool.idle[l.to] = append(l.pool.idle[l.to], l)
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
