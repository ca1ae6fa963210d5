package awsconfig

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/source"
)

// Meter counts what is asked of AWS, for all configurations that are given it.
// It sees names of services and operations, never a request or an answer. The
// zero Meter is ready; a nil one counts nothing. It is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	usage Usage
}

// Usage is what a [Meter] has counted.
type Usage struct {
	// Requests that were sent, by "service.Operation", those that were tried
	// again included; Retries and Throttled are how many of them were second
	// and later attempts, and how many AWS answered with "slow down".
	Requests  map[string]int `json:"requests"`
	Retries   int            `json:"retries"`
	Throttled int            `json:"throttled"`
	// BytesReceived on all connections, TLS and headers included.
	BytesReceived int64 `json:"bytes_received"`
	// ReadUnits are read capacity units, as DynamoDB itself reports them
	// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html).
	ReadUnits   float64     `json:"read_units"`
	Connections Connections `json:"connections"`
}

// Connections counts them: all that were opened, those of them that were
// dialled ahead of any request, and those that no request has used.
type Connections struct {
	Opened    int `json:"opened"`
	Predialed int `json:"predialed"`
	Unused    int `json:"unused"`
}

// Usage returns what has been counted so far.
func (m *Meter) Usage() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.usage
	u.Requests = maps.Clone(u.Requests)
	return u
}

// Start implements source.Observer.
func (m *Meter) Start(ctx context.Context, a source.Attempt) (context.Context, func(source.Outcome)) {
	m.add(func(u *Usage) { u.count(a.Service, a.Operation, a.Number) })
	return ctx, func(out source.Outcome) {
		if out.Err != nil && throttled(out.Err) {
			m.add(func(u *Usage) { u.Throttled++ })
		}
	}
}

// count adds the n-th attempt at a call.
func (u *Usage) count(service, operation string, n int) {
	if u.Requests == nil {
		u.Requests = map[string]int{}
	}
	service = strings.ReplaceAll(strings.ToLower(service), " ", "") // "Secrets Manager"
	u.Requests[service+"."+operation]++
	if n > 1 {
		u.Retries++
	}
}

func (m *Meter) opened(ahead bool) {
	m.add(func(u *Usage) {
		u.Connections.Opened++
		u.Connections.Unused++
		if ahead {
			u.Connections.Predialed++
		}
	})
}

func (m *Meter) used() {
	m.add(func(u *Usage) { u.Connections.Unused-- })
}

func (m *Meter) received(n int) {
	m.add(func(u *Usage) { u.BytesReceived += int64(n) })
}

func (m *Meter) readUnits(n float64) {
	m.add(func(u *Usage) { u.ReadUnits += n })
}

// add changes what is counted; a nil Meter lets it be.
func (m *Meter) add(f func(*Usage)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.usage)
}
