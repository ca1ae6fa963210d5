package awsconfig

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"github.com/credrender/credrender/pkg/source/internal/wire"
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

// sentKey marks what a call's context holds: *int, how often it was sent.
type sentKey struct{}

// request counts one of the SDK's that is about to be sent.
func (m *Meter) request(ctx context.Context, service string) {
	n := 1
	if sent, ok := ctx.Value(sentKey{}).(*int); ok {
		*sent++
		n = *sent
	}
	m.add(func(u *Usage) { u.count(service, middleware.GetOperationName(ctx), n) })
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

// metered is a pool that tells its meter, which is not nil.
type metered struct{ *pool }

// Do implements aws.HTTPClient. Whose request it is, the SDK's context knows;
// those of package wire are reported to Observe.
func (p *metered) Do(req *http.Request) (*http.Response, error) {
	if service := middleware.GetServiceID(req.Context()); service != "" {
		p.meter.request(req.Context(), service)
	}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { used(i.Conn) }})
	return p.pool.Do(req.WithContext(ctx))
}

// Observe implements wire.Observer.
func (p *metered) Observe(a wire.Attempt) {
	p.meter.add(func(u *Usage) {
		u.count(a.Service, a.Operation, a.Number)
		if a.Err != nil && throttled(a.Err) {
			u.Throttled++
		}
	})
}

// AddReadUnits implements dynamo.UnitCounter.
func (p *metered) AddReadUnits(n float64) {
	p.meter.add(func(u *Usage) { u.ReadUnits += n })
}

// install has every call of the SDK's counted.
func (m *Meter) install(stack *middleware.Stack) error {
	call := middleware.InitializeMiddlewareFunc("CountCall", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(context.WithValue(ctx, sentKey{}, new(int)), in)
	})
	attempt := middleware.FinalizeMiddlewareFunc("CountAttempt", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, md, err := next.HandleFinalize(ctx, in)
		if err != nil && throttled(err) {
			m.add(func(u *Usage) { u.Throttled++ })
		}
		return out, md, err
	})
	if err := stack.Finalize.Insert(attempt, (*retry.Attempt)(nil).ID(), middleware.After); err != nil {
		return err
	}
	return stack.Initialize.Add(call, middleware.Before)
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
