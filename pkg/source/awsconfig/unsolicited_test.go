package awsconfig_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/test/awsfake"
)

// hop is a server that answers GET /bucket/KEY with a value that begins with
// KEY, on raw connections, so that a test can break HTTP as a faulty proxy or
// load balancer would.
type hop struct {
	url                   string
	size                  int  // of a value
	anonymous             bool // answers carry no request id
	connections, requests atomic.Int64
	// reply writes what follows the n-th request, counted from 1 over all
	// connections; answer is the right answer to it.
	reply func(c net.Conn, n int64, answer []byte)
}

func newHop(t *testing.T, secure bool) *hop {
	t.Helper()
	log.SetOutput(awsconfig.Redact(os.Stderr)) // as docs/security.md tells importers
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	h := &hop{size: 100, url: "http://" + l.Addr().String()}
	h.reply = func(c net.Conn, _ int64, answer []byte) { _, _ = c.Write(answer) }
	env := []string{"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}
	if secure {
		pattern := httptest.NewUnstartedServer(nil)
		pattern.StartTLS() // for its certificate
		pattern.Close()
		l = tls.NewListener(l, pattern.TLS)
		h.url = "https" + strings.TrimPrefix(h.url, "http")
		bundle := filepath.Join(t.TempDir(), "ca.pem")
		writeFile(t, bundle, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pattern.Certificate().Raw})))
		env = append(env, "AWS_CA_BUNDLE="+bundle)
	}
	awsfake.SetEnv(t, append(env, "AWS_ENDPOINT_URL="+h.url)...)
	go h.accept(l)
	return h
}

func (h *hop) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		h.connections.Add(1)
		go h.serve(c)
	}
}

func (h *hop) serve(c net.Conn) {
	defer c.Close()
	for in := bufio.NewReader(c); ; {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		n := h.requests.Add(1)
		h.reply(c, n, h.answer(n, path.Base(req.URL.Path)))
	}
}

func (h *hop) answer(n int64, key string) []byte {
	id := fmt.Sprintf("X-Amz-Request-Id: R%d\r\n", n)
	if h.anonymous {
		id = ""
	}
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", id, h.size, h.value(key))
}

func (h *hop) value(key string) string {
	return key + ":" + strings.Repeat("v", h.size-len(key)-1)
}

// objects reads from the hop by a configuration of its own.
func (h *hop) objects(t *testing.T) *s3.Objects {
	t.Helper()
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s3.New(c.AWS)
}

// want reads one object and fails the test if it has another's value.
func (h *hop) want(t *testing.T, o *s3.Objects, key string) {
	t.Helper()
	r := source.Ref{Name: "bucket/" + key}
	got := o.Fetch(t.Context(), []source.Ref{r})[r]
	if got.Err != nil {
		t.Errorf("%s: %v", key, got.Err)
		return
	}
	if value := string(got.Secret.Reveal()); value != h.value(key) {
		t.Errorf("%s has the value that begins with %.10q", key, value)
	}
}

// arrive lets bytes that the hop sends on an idle connection reach it. A wait
// that is too short passes the test for nothing, and never fails it.
func arrive() { time.Sleep(30 * time.Millisecond) }

// faults are what a hop may send behind its first answer.
var faults = map[string]func(answer []byte) []byte{
	"nothing":       func([]byte) []byte { return nil },
	"the same":      func(answer []byte) []byte { return answer },
	"twice as much": func(answer []byte) []byte { return append(answer, answer...) },
	"bytes":         func([]byte) []byte { return []byte("more") },
	"another": func([]byte) []byte {
		return []byte("HTTP/1.1 200 OK\r\nX-Amz-Request-Id: X\r\nContent-Length: 5\r\n\r\nwrong")
	},
	"408": func([]byte) []byte { return []byte("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n") },
}

// What arrives on an idle connection belongs to no request: the connection is
// closed, and the next request costs no attempt.
func TestUnsolicitedWhileIdle(t *testing.T) {
	for name, fault := range faults {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				h := newHop(t, secure)
				t.Setenv("AWS_MAX_ATTEMPTS", "1")
				sent := make(chan struct{})
				h.reply = func(c net.Conn, n int64, answer []byte) {
					_, _ = c.Write(answer)
					if n == 1 {
						time.Sleep(5 * time.Millisecond) // the client is done with the answer
						_, _ = c.Write(fault(answer))
						close(sent)
					}
				}
				o := h.objects(t)
				h.want(t, o, "a")
				<-sent
				arrive()
				h.want(t, o, "b")
				h.want(t, o, "c")
			})
		}
	}
}

// What arrives together with an answer is never taken for the next one.
func TestUnsolicitedBehindAnswer(t *testing.T) {
	for name, fault := range faults {
		for _, size := range []int{100, 70 << 10} {
			for _, secure := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d bytes, TLS %t", name, size, secure), func(t *testing.T) {
					h := newHop(t, secure)
					h.size = size
					h.reply = func(c net.Conn, n int64, answer []byte) {
						if n == 1 {
							answer = append(answer, fault(answer)...)
						}
						_, _ = c.Write(answer)
					}
					o := h.objects(t)
					h.want(t, o, "a")
					arrive()
					h.want(t, o, "b")
					h.want(t, o, "c")
				})
			}
		}
	}
}

// An answer whose head has no end is given up early.
func TestEndlessHead(t *testing.T) {
	h := newHop(t, false)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	var wrote atomic.Int64
	ended := make(chan struct{})
	h.reply = func(c net.Conn, _ int64, _ []byte) {
		defer close(ended)
		line := []byte("X-Filler: " + strings.Repeat("x", 1000) + "\r\n")
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		for range 600 << 10 { // 600 MB
			n, err := c.Write(line)
			wrote.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	r := source.Ref{Name: "bucket/a"}
	if got := h.objects(t).Fetch(t.Context(), []source.Ref{r})[r]; got.Err == nil {
		t.Error("it was taken for an answer")
	}
	<-ended
	if n := wrote.Load(); n > 16<<20 { // what the kernel buffers, mostly
		t.Errorf("%d bytes of a head were read", n)
	}
}

// A redirect is an answer, not an instruction: nothing is sent to another host,
// by the SDK's clients either, and nothing goes around in circles.
func TestRedirectNotFollowed(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %t", secure), func(t *testing.T) {
			elsewhere := newHop(t, secure)
			h := newHop(t, secure)
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			to := elsewhere.url
			h.reply = func(c net.Conn, _ int64, _ []byte) {
				fmt.Fprintf(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s/bucket/a\r\nContent-Length: 0\r\n\r\n", to)
			}
			c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, to = range []string{elsewhere.url, h.url} {
				before := h.requests.Load()
				r := source.Ref{Name: "bucket/a"}
				if got := s3.New(c.AWS).Fetch(t.Context(), []source.Ref{r})[r]; got.Err == nil {
					t.Error("the redirect was taken for an object")
				}
				if _, err := c.Identity(t.Context()); err == nil { // by the SDK
					t.Error("the redirect was taken for an identity")
				}
				if n := h.requests.Load() - before; n != 2 {
					t.Errorf("%d requests, want 2", n)
				}
			}
			if n := elsewhere.requests.Load(); n != 0 {
				t.Errorf("%d requests went to another host", n)
			}
		})
	}
}
