// Package awstest is DynamoDB, KMS and a little of STS in the test's own
// process, strict where AWS is strict.
//
// The real SDK talks to it over loopback HTTP, led there by its own variables:
//
//	srv := awstest.Start(t)
//	srv.SetEnv(t)              // or append(env, srv.Env()...) for a child process
//	cfg, err := config.LoadDefaultConfig(ctx)
//
// Tables and keys live per region, as the request's signature names it. What is
// not implemented is refused, never ignored: an operation or a request member
// that this package does not know ends in status 501. [Server.Fail] makes
// requests fail or wait, [Server.Requests] tells what was asked.
//
// server.go starts and stops it, http.go speaks the protocol, fault.go and
// record.go are for tests; dynamo_*.go, kms_*.go and sts.go are the services.
// [Metadata] is the instance metadata service, a server of its own.
package awstest

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// Names of the services, as rules and records use them.
const (
	DynamoDB = "dynamodb"
	KMS      = "kms"
	STS      = "sts"
)

// What the environment of [Server.Env] says, and what ARNs hold.
const (
	Account   = "123456789012"
	Region    = "eu-west-1"
	AccessKey = "AKIAIOSFODNN7EXAMPLE"                     //nolint:gosec // AWS's documented example
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" //nolint:gosec // and its secret half
)

// Options change what is as in AWS by default.
type Options struct {
	// PageBytes is what a page of a Query or Scan holds; zero: 1 MiB.
	PageBytes int
	// CreatingPolls is how many times DescribeTable says CREATING of a new
	// table before it is ACTIVE and can be used.
	CreatingPolls int
	// Now is the clock of creation dates and sessions; nil: time.Now.
	Now func() time.Time
}

// Server is the stand-in. Its methods may be called while requests run.
type Server struct {
	opts       Options
	operations map[string]operation // by target, "DynamoDB_20120810.Query"
	fronts     map[string]*front    // by service
	closing    chan struct{}

	mu      sync.Mutex // guards all below, and whatever regions hold
	regions map[string]*region
	tokens  map[string]bool // of assumed roles
	rules   []*Rule
	record  record
	serial  int // for identifiers
}

// region is what one region of the account holds.
type region struct {
	srv     *Server
	name    string
	tables  map[string]*table
	keys    map[string]*key   // by key id
	aliases map[string]string // to key ids
}

// front is one listener. Each serves whatever it is asked, so that a single
// AWS_ENDPOINT_URL works too, but counts its own connections.
type front struct {
	*httptest.Server
	connections map[net.Conn]bool
}

// Start returns a server that ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := New(Options{})
	tb.Cleanup(s.Close)
	return s
}

// New returns a running server; the caller closes it.
func New(o Options) *Server {
	if o.PageBytes == 0 {
		o.PageBytes = 1 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		opts:       o,
		operations: operations(),
		fronts:     map[string]*front{},
		closing:    make(chan struct{}),
		regions:    map[string]*region{},
		tokens:     map[string]bool{},
	}
	for _, service := range []string{DynamoDB, KMS, STS} {
		s.fronts[service] = s.listen()
	}
	return s
}

func (s *Server) listen() *front {
	f := &front{Server: httptest.NewUnstartedServer(s), connections: map[net.Conn]bool{}}
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // resets are asked for
	f.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			defer s.mu.Unlock()
			f.connections[c] = true
		}
	}
	f.Start()
	return f
}

// Close ends the server, and requests that wait with it.
func (s *Server) Close() {
	close(s.closing)
	for _, f := range s.fronts {
		f.CloseClientConnections()
		f.Close()
	}
}

// URL returns the endpoint of a service: DynamoDB, KMS or STS.
func (s *Server) URL(service string) string { return s.fronts[service].URL }

// Env returns, as KEY=VALUE, what leads the SDK here and nowhere else:
// endpoints, static credentials, the region, and no files and no metadata
// service of the machine.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.URL(DynamoDB),
		"AWS_ENDPOINT_URL_KMS=" + s.URL(KMS),
		"AWS_ENDPOINT_URL_STS=" + s.URL(STS),
		"AWS_ACCESS_KEY_ID=" + AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + secretKey,
		"AWS_REGION=" + Region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// SetEnv sets the process's own environment for the length of the test, and
// blanks every other AWS_ variable.
func (s *Server) SetEnv(tb testing.TB) {
	tb.Helper()
	SetEnv(tb, s.Env()...)
}

// SetEnv blanks all AWS_ variables of the process, then sets the given ones
// (KEY=VALUE), for the length of the test.
func SetEnv(tb testing.TB, env ...string) {
	tb.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			tb.Setenv(name, "")
		}
	}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		tb.Setenv(name, value)
	}
}

// in returns the state of a region. The caller holds s.mu.
func (s *Server) in(name string) *region {
	r := s.regions[name]
	if r == nil {
		r = &region{srv: s, name: name, tables: map[string]*table{}, keys: map[string]*key{}, aliases: map[string]string{}}
		s.regions[name] = r
	}
	return r
}

func (r *region) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + r.name + ":" + Account + ":" + resource
}
