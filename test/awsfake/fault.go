package awsfake

import (
	"context"
	"slices"
	"time"
)

// Rule makes matching requests fail or wait. Rules apply in the order they were
// added: every delay, then the first failure.
type Rule struct {
	// Which requests: empty fields and a nil Match are for any.
	Service   string // DynamoDB, KMS or STS
	Operation string // "Query"
	Name      string // of the secret: DynamoDB only
	Match     func(Request) bool
	Times     int // how many requests; zero: all

	Delay time.Duration // before anything else happens
	// Code is answered, with Message, instead of doing what was asked.
	Code    string // "AccessDeniedException"
	Message string
	Status  int // zero: 400
	// Reset ends the connection by a TCP RST instead of answering; with Applied,
	// after doing what was asked. Cut answers, but only half.
	Reset, Applied, Cut bool

	left int
}

// Fail adds a rule. The returned function takes it away again.
func (s *Server) Fail(r Rule) (remove func()) {
	r.left = r.Times
	p := &r
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rules = slices.DeleteFunc(s.rules, func(x *Rule) bool { return x == p })
	}
}

// faultFor uses up the rules that match, waits out their delays, and returns
// the first that fails the request, or nil.
func (s *Server) faultFor(ctx context.Context, req Request) *Rule {
	s.mu.Lock()
	var wait time.Duration
	var fault *Rule
	for _, r := range s.rules {
		if fault != nil || !r.matches(req) {
			continue
		}
		if r.Times > 0 {
			if r.left == 0 {
				continue
			}
			r.left--
		}
		wait += r.Delay
		if r.Code != "" || r.Reset || r.Cut {
			fault = r
		}
	}
	s.mu.Unlock()
	if wait > 0 {
		s.sleep(ctx, wait)
	}
	return fault
}

func (r *Rule) matches(req Request) bool {
	return (r.Service == "" || r.Service == req.Service) &&
		(r.Operation == "" || r.Operation == req.Operation) &&
		(r.Name == "" || r.Name == req.Name) &&
		(r.Match == nil || r.Match(req))
}

// sleep ends early with the client or the server.
func (s *Server) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.closing:
	}
}
