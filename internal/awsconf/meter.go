package awsconf

import (
	"context"
	"maps"
	"net/http/httptrace"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
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

// request counts one that is about to be sent. Its context is the SDK's, which
// knows what it is.
func (m *Meter) request(ctx context.Context) {
	name := strings.ToLower(middleware.GetServiceID(ctx)) + "." + middleware.GetOperationName(ctx)
	sent, counted := ctx.Value(sentKey{}).(*int)
	m.add(func(u *Usage) {
		if u.Requests == nil {
			u.Requests = map[string]int{}
		}
		u.Requests[name]++
		if !counted {
			return
		}
		if *sent++; *sent > 1 {
			u.Retries++
		}
	})
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

// gotConn sees what connection a request was given.
func (m *Meter) gotConn(info httptrace.GotConnInfo) {
	if !info.Reused {
		m.add(func(u *Usage) { u.Connections.Unused-- })
	}
}

func (m *Meter) received(n int) {
	m.add(func(u *Usage) { u.BytesReceived += int64(n) })
}

// install has every call counted. Read units come with an answer only where
// they are asked for, which policies may forbid
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html);
// so only a run that was asked for its statistics does.
func (m *Meter) install(stack *middleware.Stack) error {
	call := middleware.InitializeMiddlewareFunc("CountCall", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		askForUnits(in.Parameters)
		out, md, err := next.HandleInitialize(context.WithValue(ctx, sentKey{}, new(int)), in)
		m.add(func(u *Usage) { u.ReadUnits += readUnits(out.Result) })
		return out, md, err
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

func askForUnits(in any) {
	switch in := in.(type) {
	case *dynamodb.QueryInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *dynamodb.GetItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *dynamodb.ScanInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	}
}

func readUnits(out any) float64 {
	var c *types.ConsumedCapacity
	switch out := out.(type) {
	case *dynamodb.QueryOutput:
		c = out.ConsumedCapacity
	case *dynamodb.GetItemOutput:
		c = out.ConsumedCapacity
	case *dynamodb.ScanOutput:
		c = out.ConsumedCapacity
	}
	if c == nil {
		return 0
	}
	return aws.ToFloat64(c.CapacityUnits)
}
