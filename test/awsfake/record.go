package awsfake

import (
	"net"
	"slices"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Request is one request that arrived, its retries counted apart.
type Request = wire.Request

// record is what tests ask about. The server's lock guards it.
type record struct{ requests []Request }

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
func (s *Server) Units() (read, write float64) { return s.UnitsOf("") }

// UnitsOf returns the capacity that DynamoDB would have charged for an
// operation; "" is for all.
func (s *Server) UnitsOf(operation string) (read, write float64) {
	for _, r := range s.Requests() {
		if operation == "" || r.Operation == operation {
			read += r.ReadUnits
			write += r.WriteUnits
		}
	}
	return read, write
}

// Operations returns how many requests arrived, by "service.Operation".
func (s *Server) Operations() map[string]int {
	n := map[string]int{}
	for _, r := range s.Requests() {
		n[r.Service+"."+r.Operation]++
	}
	return n
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
