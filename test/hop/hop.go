// Package hop is a network between a program and the fakes of AWS, and misbehaves
// by a plan. A [Hop] is the endpoint of one service. It reads a request, gets the right
// answer from the fake, and does with it what the plan says: deliver it, delay it, cut
// it, repeat it, give it to another request, or send something else. It works on raw
// connections, because net/http permits no server to break HTTP.
//
// kinds.go lists the faults, act.go carries them out, tls.go has the faults of
// handshakes, and dns.go is a name server with faults of its own.
package hop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what a plan sees of a request.
type Request struct {
	Service   string
	Operation string // X-Amz-Target, Action, or the method; [Handshake] for a connection
	Subject   string // the name of the secret, or the path
	Attempt   int    // counts the requests of the run with the same three fields, from 1
}

// Handshake is the Operation of a new TLS connection.
const Handshake = "handshake"

// Plan decides about a request: nil delivers the right answer. It is called concurrently.
type Plan func(Request) *Fault

// Hop is the endpoint of one service.
type Hop struct {
	Service string
	// URL of the hop; its host is a name if the hop has TLS.
	URL string

	listener net.Listener
	backend  http.Handler
	tls      *identities // nil: plain HTTP
	plan     atomic.Pointer[Plan]
	closing  chan struct{}
	skew     atomic.Int64 // nanoseconds by which the service's clock is ahead
	refused  atomic.Value // string: an access key that has expired

	mu       sync.Mutex
	attempts map[Request]int
	conns    map[net.Conn]bool
	answers  []answer      // recent right answers
	waiting  chan exchange // a request that waits to swap answers with another
	serial   int
}

// answer is a right answer, with what it was for.
type answer struct {
	req    Request
	status int
	header http.Header
	body   []byte
}

// New returns a running hop in front of a fake. With secure, it speaks TLS; see [CA].
// The caller closes it.
func New(service string, backend http.Handler, secure bool) (*Hop, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &Hop{Service: service, URL: "http://" + l.Addr().String(), listener: l, backend: backend, closing: make(chan struct{}), conns: map[net.Conn]bool{}}
	if secure {
		if h.tls, err = certificates(); err != nil {
			return nil, err
		}
		h.URL = fmt.Sprintf("https://%s.%s:%d", service, Domain, l.Addr().(*net.TCPAddr).Port)
	}
	h.Begin(nil)
	go h.accept()
	return h, nil
}

// Begin forgets the attempts of the last run, ends its connections, and follows the plan
// from now on. A nil plan is no fault.
func (h *Hop) Begin(p Plan) {
	if p == nil {
		p = func(Request) *Fault { return nil }
	}
	h.plan.Store(&p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempts, h.answers = map[Request]int{}, nil // a process does not know the ids of another
	h.waiting = make(chan exchange)
	for c := range h.conns {
		_ = c.Close()
	}
}

// Skew sets the service's clock ahead of ours. The service then refuses requests whose
// signature is older or newer than five minutes.
func (h *Hop) Skew(d time.Duration) { h.skew.Store(int64(d)) }

// Expire refuses all requests signed with the access key; "": none.
func (h *Hop) Expire(accessKey string) { h.refused.Store(accessKey) }

// Close ends the hop and its connections.
func (h *Hop) Close() {
	close(h.closing)
	_ = h.listener.Close()
	h.Begin(nil)
}

func (h *Hop) accept() {
	for {
		c, err := h.listener.Accept()
		if err != nil {
			return
		}
		h.mu.Lock()
		h.conns[c] = true
		h.mu.Unlock()
		go func() {
			h.serve(c)
			_ = c.Close()
			h.mu.Lock()
			delete(h.conns, c)
			h.mu.Unlock()
		}()
	}
}

// serve answers the requests of one connection.
func (h *Hop) serve(raw net.Conn) {
	c := &conn{Conn: raw, raw: raw, hop: h}
	if h.tls != nil {
		req := h.count(Request{Service: h.Service, Operation: Handshake})
		fault := (*h.plan.Load())(req)
		if fault != nil && fault.before(c) {
			return
		}
		secured := tls.Server(raw, h.tls.config(fault))
		if secured.HandshakeContext(context.Background()) != nil {
			return
		}
		c.Conn = secured
	}
	for in := bufio.NewReader(c); ; {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil || !h.exchange(c, req, body) {
			return
		}
		c.used = true
	}
}

// exchange answers one request, and reports whether the connection can carry another.
func (h *Hop) exchange(c *conn, r *http.Request, body []byte) bool {
	req := h.count(describe(h.Service, r, body))
	fault := (*h.plan.Load())(req)
	x := exchange{conn: c, req: req, fault: fault}
	if fault == nil || !fault.instead {
		x.answer = h.ask(req, r, body)
	}
	if fault == nil {
		return c.deliver(x.answer)
	}
	return fault.act(x)
}

// count returns the request with its number.
func (h *Hop) count(req Request) Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempts[req]++
	req.Attempt = h.attempts[req]
	return req
}

// ask gets the right answer, unless the signature is not valid at the service's clock.
func (h *Hop) ask(req Request, r *http.Request, body []byte) answer {
	if refusal, ok := h.refuse(r); ok {
		return refusal
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Header.Get("X-Amz-Date") != "" { // the fakes have our clock
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format(signedTime))
	}
	w := httptest.NewRecorder()
	h.backend.ServeHTTP(w, r)
	a := answer{req: req, status: w.Code, header: w.Header(), body: w.Body.Bytes()}
	a.header.Set("Date", h.now().UTC().Format(http.TimeFormat))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answers = append(h.answers, a); len(h.answers) > 64 {
		h.answers = h.answers[1:]
	}
	return a
}

func (h *Hop) now() time.Time { return time.Now().Add(time.Duration(h.skew.Load())) }

// another returns an earlier answer to the same operation about another subject, or else
// to another operation.
func (h *Hop) another(req Request) (answer, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for same := range 2 {
		for _, a := range slices.Backward(h.answers) { // the newest is of the same batch
			if a.status == http.StatusOK && a.req.Subject != req.Subject && a.req.Operation != Handshake && (a.req.Operation == req.Operation || same == 1) {
				return a, true
			}
		}
	}
	return answer{}, false
}

// id returns a request id that no answer has had.
func (h *Hop) id() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serial++
	return fmt.Sprintf("HOP%d.%d", h.serial, time.Now().UnixNano())
}

// subjects find what a request is about.
var subjects = []*regexp.Regexp{
	regexp.MustCompile(`"EncryptionContext":\{"name":"([^"]+)"`),
	regexp.MustCompile(`"name":\{"S":"([^"]+)"`),
	regexp.MustCompile(`"S":"([^"]+)"`),
	regexp.MustCompile(`"(?:Names|SecretIdList)":\["([^"]+)"`),
	regexp.MustCompile(`"(?:Path|SecretId|TableName)":"([^"]+)"`),
	regexp.MustCompile(`Action=([A-Za-z]+)`),
}

func describe(service string, r *http.Request, body []byte) Request {
	req := Request{Service: service, Operation: r.Header.Get("X-Amz-Target"), Subject: r.URL.Path}
	if req.Operation == "" {
		req.Operation = r.Method
	}
	for _, re := range subjects {
		if m := re.FindSubmatch(body); m != nil {
			req.Subject = string(m[1])
			break
		}
	}
	return req
}
