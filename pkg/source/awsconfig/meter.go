package awsconfig

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/credrender/credrender/pkg/source"
)

// Meter counts requests to AWS, for all configurations that share it. It sees the names
// of services and operations, never a request or an answer. The zero Meter is ready; a
// nil one counts nothing. It is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	usage Usage
}

// Usage holds the counts of a [Meter].
type Usage struct {
	// Requests are all attempts, by "service.Operation". Retries are the second and
	// later ones. Throttled are those that AWS throttled.
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

// Connections counts all connections opened, those opened in advance of any request,
// and those that no request used.
type Connections struct {
	Opened    int `json:"opened"`
	Predialed int `json:"predialed"`
	Unused    int `json:"unused"`
}

// Usage returns the counts so far.
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

// add changes the counts. A nil Meter ignores it.
func (m *Meter) add(f func(*Usage)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.usage)
}
