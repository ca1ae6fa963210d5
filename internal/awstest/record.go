package awstest

import (
	"net"
	"slices"
)

// Request is one request that arrived, its retries counted apart.
type Request struct {
	Service   string // DynamoDB, KMS or STS
	Operation string
	Region    string // as signed
	AccessKey string // as signed

	Table      string // DynamoDB
	Name       string // the partition key, where the request names one
	Version    string // the sort key, where the request names one
	Consistent bool   // a consistent read

	KeyID   string            // KMS, as given
	Context map[string]string // KMS: the encryption context

	Role string // STS: the role asked for

	Status int    // of the answer; zero: none was sent
	Code   string // of an error
}

// record is what tests ask about. The server's lock guards it.
type record struct {
	requests   []Request
	readUnits  float64
	writeUnits float64
}

func (r *record) add(req Request) { r.requests = append(r.requests, req) }

// Requests returns what arrived, in the order it was answered.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.record.requests)
}

// Count returns how many requests arrived for a service and operation, either
// of them empty for any.
func (s *Server) Count(service, operation string) int {
	return s.CountFunc(func(r Request) bool {
		return (service == "" || r.Service == service) && (operation == "" || r.Operation == operation)
	})
}

// CountFunc returns how many requests match.
func (s *Server) CountFunc(match func(Request) bool) int {
	n := 0
	for _, r := range s.Requests() {
		if match(r) {
			n++
		}
	}
	return n
}

// Asked reports whether any DynamoDB request named this secret.
func (s *Server) Asked(name string) bool {
	return s.CountFunc(func(r Request) bool { return r.Service == DynamoDB && r.Name == name }) > 0
}

// Units returns the capacity that DynamoDB would have charged.
func (s *Server) Units() (read, write float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.readUnits, s.record.writeUnits
}

// Connections returns how many connections to a service were opened since
// [Server.Forget].
func (s *Server) Connections(service string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fronts[service].connections)
}

// Forget empties the records and counters; tables, keys and rules stay.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = record{}
	for _, f := range s.fronts {
		f.connections = map[net.Conn]bool{}
	}
}
