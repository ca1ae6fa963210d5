// Package awsfake serves DynamoDB, KMS and STS in the process of a test, as strictly as AWS.
// The real SDK reaches it over HTTP on loopback, through its own variables:
//
//	srv := awsfake.Start(t)
//	cfg := srv.Config(t)       // or append(env, srv.Env()...) for a child process
//
// Each region has tables and keys of its own, by the region in a request's signature. An
// unknown operation or request member is refused with status 501, never ignored.
// [Server.Fail] makes requests fail or wait, and [Server.Requests] returns those received.
//
// Every caller may do everything, except where a key policy or [Server.Restrict] limits it.
// The caller is the principal of its access key ([Options.Principals]) or the role that was
// assumed. Grants are enforced (package keys).
//
// The services are in packages tables and keys. config.go points the SDK to the server,
// http.go has the protocol, and sts.go is STS; fault.go, dial.go and record.go are for tests,
// tls.go is HTTPS. [Metadata] is the instance metadata service, a server of its own. Package
// contract compares all this with other people's emulators.
package awsfake

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

	"github.com/credrender/credrender/test/awsfake/iam"
	"github.com/credrender/credrender/test/awsfake/keys"
	"github.com/credrender/credrender/test/awsfake/tables"
	"github.com/credrender/credrender/test/awsfake/wire"
)

// Names of the services, as rules and records use them.
const (
	DynamoDB = wire.DynamoDB
	KMS      = wire.KMS
	STS      = wire.STS
)

// What the environment of [Server.Env] says, and what ARNs hold.
const (
	Account   = wire.Account
	Region    = "eu-west-1"
	AccessKey = "AKIAIOSFODNN7EXAMPLE"                     //nolint:gosec // AWS's documented example
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" //nolint:gosec // and its secret half
)

// User is the principal that [AccessKey] belongs to.
const User = "arn:aws:iam::" + Account + ":user/test"

// Options change what is as in AWS by default.
type Options struct {
	// PageBytes is what a page of a Query or Scan reads before it ends, with the
	// item that reaches it; zero: 1 MiB.
	PageBytes int
	// CreatingPolls is how many times DescribeTable says CREATING of a new
	// table before it is ACTIVE and can be used.
	CreatingPolls int
	// Burst throttles provisioned tables: it is how much unused capacity they
	// keep, in time (AWS: 300 seconds). Zero: no table is throttled. A new table
	// has all of it, [Server.Drain] takes it away.
	Burst time.Duration
	// BatchKeys is how many keys a BatchGetItem answers at most, the others are
	// left unprocessed; zero: as many as fit in 16 MB.
	BatchKeys int
	// KMSPerSecond is the quota of cryptographic requests; zero: none.
	KMSPerSecond int
	// GrantDelay is how long a new grant counts only for requests that carry its
	// token (AWS: usually less than five minutes).
	GrantDelay time.Duration
	// Principals tells, for access keys, the ARN of the user or role that they
	// belong to. Others than [AccessKey] are users of their own name.
	Principals map[string]string
	// TLS serves https, with certificates of a CA of the server's own: Env leads
	// the SDK to it.
	TLS bool
	// Now is the clock of all services; nil: time.Now.
	Now func() time.Time
}

// Server is the fake. Its methods may be called while requests run.
type Server struct {
	opts    Options
	fronts  map[string]*front // by service
	closing chan struct{}
	bundle  string // the file with the CA; "": plain http

	mu       sync.Mutex // guards all below, and whatever regions hold
	regions  map[string]*region
	sessions map[string]session      // by session token
	limits   map[string][]iam.Policy // by principal
	rules    []*Rule
	dials    []*DialRule
	record   record
	serial   int // for identifiers
}

// region is what one region of the account holds.
type region struct {
	tables *tables.Region
	keys   *keys.Region
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

// New returns a running server; the caller closes it. It panics where loopback
// or the temporary directory cannot be used, as httptest does.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		opts:     o,
		fronts:   map[string]*front{},
		closing:  make(chan struct{}),
		regions:  map[string]*region{},
		sessions: map[string]session{},
		limits:   map[string][]iam.Policy{},
	}
	var id *identity
	if o.TLS {
		id = newIdentity()
		s.bundle = id.bundle
	}
	for _, service := range []string{DynamoDB, KMS, STS} {
		s.fronts[service] = s.listen(service, id)
	}
	return s
}

// listen starts a front: plain http, or as id.
func (s *Server) listen(service string, id *identity) *front {
	f := &front{Server: httptest.NewUnstartedServer(s), connections: map[net.Conn]bool{}}
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // resets are asked for
	f.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			defer s.mu.Unlock()
			f.connections[c] = true
		}
	}
	f.Listener = &listener{Listener: f.Listener, srv: s, service: service}
	if id == nil {
		f.Start()
		return f
	}
	f.TLS = id.config
	f.StartTLS()
	return f
}

// Close ends the server, and requests that wait with it.
func (s *Server) Close() {
	close(s.closing)
	for _, f := range s.fronts {
		f.CloseClientConnections()
		f.Close()
	}
	if s.bundle != "" {
		_ = os.Remove(s.bundle)
	}
}

// CloseConnections ends all connections, as AWS does with idle ones.
func (s *Server) CloseConnections() {
	for _, f := range s.fronts {
		f.CloseClientConnections()
	}
}

// URL returns the endpoint of a service: DynamoDB, KMS or STS.
func (s *Server) URL(service string) string { return s.fronts[service].URL }

// Env returns, as KEY=VALUE, what leads the SDK here and nowhere else:
// endpoints, static credentials, the region, and no files and no metadata
// service of the machine.
func (s *Server) Env() []string {
	env := []string{
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
	if s.bundle != "" {
		env = append(env, "AWS_CA_BUNDLE="+s.bundle)
	}
	return env
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

// environment is held by the test that has changed the process's variables.
var environment sync.Mutex

// InEnv calls f while the environment has the given variables (KEY=VALUE) and no
// other AWS_ variable. Unlike [SetEnv] it is for parallel tests: they load their
// configurations and make their clients one at a time, and wait for answers together.
func InEnv(tb testing.TB, env []string, f func()) {
	tb.Helper()
	environment.Lock()
	defer environment.Unlock()
	for _, kv := range os.Environ() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			defer setenv(tb, name, value)
			setenv(tb, name, "")
		}
	}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		defer setenv(tb, name, os.Getenv(name))
		setenv(tb, name, value)
	}
	f()
}

func setenv(tb testing.TB, name, value string) {
	tb.Helper()
	if err := os.Setenv(name, value); err != nil { //nolint:usetesting // tb.Setenv forbids parallel tests
		tb.Error(err)
	}
}

// Drain uses up the burst of a table in [Region], as earlier traffic would have.
func (s *Server) Drain(table string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in(Region).tables.Drain(table)
}

// in returns the state of a region. The caller holds s.mu.
func (s *Server) in(name string) *region {
	r := s.regions[name]
	if r == nil {
		o := s.opts
		r = &region{
			tables: tables.NewRegion(name, tables.Options{
				PageBytes: o.PageBytes, CreatingPolls: o.CreatingPolls, Burst: o.Burst, BatchKeys: o.BatchKeys, Now: o.Now,
			}),
			keys: keys.NewRegion(name, keys.Options{PerSecond: o.KMSPerSecond, GrantDelay: o.GrantDelay, Identity: s.identityAllows, Now: o.Now}),
		}
		s.regions[name] = r
	}
	return r
}
