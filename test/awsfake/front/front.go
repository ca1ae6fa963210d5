// Package front serves a JSON service of AWS on loopback for tests. It finds the operation of
// a request, records it, fails it where a test asks for that, and answers. Packages ssmtest
// and smtest implement the operations. An unknown operation or request member is refused.
package front

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Operation carries out one request. Calls never overlap.
type Operation func(body []byte) (any, error)

// Server is one service.
type Server struct {
	*httptest.Server
	target string
	ops    map[string]Operation

	Counter // of operations
	mu      sync.Mutex
	faults  []*Fault
}

// Fault makes requests of an operation fail.
type Fault struct {
	Operation string // empty: any
	Times     int    // 0: all
	Status    int    // 0: 400
	Code      string
	Message   string
	// Match says of a body whether it is meant; nil: each is.
	Match func(body []byte) bool
	// After carries the operation out, so that its answer is lost.
	After bool

	left int
}

// New starts a service whose requests name it by target ("AmazonSSM."). The
// caller closes it.
func New(target string, ops map[string]Operation) *Server {
	s := &Server{target: target, ops: ops}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Start is New with a server that ends with the test.
func Start(tb testing.TB, s *Server) *Server {
	tb.Cleanup(s.Close)
	return s
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.left = f.Times
	s.faults = append(s.faults, &f)
}

// Do runs f while no request runs.
func (s *Server) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), s.target)
	out, err := s.run(name, body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", rand.Text())
	if api, ok := errors.AsType[*wire.Error](err); ok {
		status := api.Status
		if status == 0 {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
		out = map[string]string{"__type": api.Code, "Message": api.Message}
	} else if err != nil {
		panic(err) // operations answer with wire's errors alone
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) run(name string, body []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Count(name)
	for _, f := range s.faults {
		if f.Operation != "" && f.Operation != name || f.Times > 0 && f.left == 0 || f.Match != nil && !f.Match(body) {
			continue
		}
		f.left--
		if op := s.ops[name]; f.After && op != nil {
			if _, err := op(body); err != nil {
				return nil, err
			}
		}
		return nil, &wire.Error{Status: f.Status, Code: f.Code, Message: f.Message}
	}
	op, ok := s.ops[name]
	if !ok {
		return nil, wire.NotImplemented("%s", name)
	}
	return op(body)
}
