package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/keys"
	"github.com/credrender/credrender/test/awsfake/tables"
	"github.com/credrender/credrender/test/awsfake/wire"
)

// Quotas are how much AWS takes in a second; zero: any amount.
type Quotas struct {
	// KMS is the cryptographic requests of the account in the region: 10,000 in
	// most, 20,000 or 100,000 in some
	// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
	KMS int
	// Table is the read units of a table: 12,000 for one on demand that is new
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html).
	Table float64
	// Key is the read units of one partition key, in any table: 3,000
	// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
	Key float64
}

// DefaultQuotas are the least that an account has.
var DefaultQuotas = Quotas{KMS: 10_000, Table: 12_000, Key: 3_000}

// Cloud is DynamoDB and KMS as an HTTP client sees them. It is safe for
// concurrent use.
type Cloud struct {
	latency time.Duration // of each request
	weight  int           // how many requests each one counts as
	quotas  Quotas

	mu     sync.Mutex // guards all below
	tables *tables.Region
	keys   *keys.Region
	// known are the answers since the last write: of a thousand hosts with the
	// same question AWS may answer each, the fake need not.
	known  map[string]*answer
	table  quota
	names  map[string]*quota
	kms    quota
	ledger ledger
}

// answer is an answer and what it costs.
type answer struct {
	status int
	body   []byte
	name   string  // the partition key that was read
	units  float64 // of reading
	calls  int     // of KMS
}

// NewCloud returns an AWS without secrets, in which requests take latency and
// count weight times each.
func NewCloud(latency time.Duration, weight int, q Quotas) *Cloud {
	return &Cloud{
		latency: latency, weight: weight, quotas: q,
		tables: tables.NewRegion(awsfake.Region, tables.Options{Now: time.Now}),
		keys:   keys.NewRegion(awsfake.Region, keys.Options{Now: time.Now}),
		known:  map[string]*answer{}, names: map[string]*quota{}, ledger: ledger{},
	}
}

// Span is what was asked from from up to to, to the second.
func (c *Cloud) Span(from, to time.Time) Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ledger.span(from, to)
}

// Do implements aws.HTTPClient.
func (c *Cloud) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.exchange(r, true)
	if late := smithytime.SleepWithContext(r.Context(), c.latency); late != nil {
		return nil, late
	}
	return resp, err
}

// desk is who puts secrets: at once, and not counted.
type desk struct{ *Cloud }

// Do implements aws.HTTPClient.
func (d desk) Do(r *http.Request) (*http.Response, error) { return d.exchange(r, false) }

func (c *Cloud) exchange(r *http.Request, counted bool) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a, err := c.serve(r.Header.Get("X-Amz-Target"), body, counted)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.status, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// serve answers a request, unless a quota refuses it, and counts it.
func (c *Cloud) serve(target string, body []byte, counted bool) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	a, err := c.ask(target, body)
	if err != nil || !counted {
		return a, err
	}
	count := Count{Requests: c.weight, KMS: c.weight * a.calls, Units: float64(c.weight) * a.units}
	if !c.pay(a, count, now) {
		count, a = Count{Requests: c.weight, Throttled: c.weight}, throttled
	}
	c.ledger.at(now).add(count)
	return a, nil
}

// pay takes what an answer costs from the quotas, all or nothing.
func (c *Cloud) pay(a *answer, count Count, now time.Time) bool {
	name := c.names[a.name]
	if name == nil {
		name = &quota{}
		c.names[a.name] = name
	}
	if count.Units > 0 && !(c.table.left(c.quotas.Table, now) && name.left(c.quotas.Key, now)) ||
		count.KMS > 0 && !c.kms.left(float64(c.quotas.KMS), now) {
		return false
	}
	c.table.tokens -= count.Units
	name.tokens -= count.Units
	c.kms.tokens -= float64(count.KMS)
	return true
}

// ask has the fake answer, once for each question between two writes.
func (c *Cloud) ask(target string, body []byte) (*answer, error) {
	service, operation, _ := strings.Cut(target, ".")
	question := operation + string(body)
	if a := c.known[question]; a != nil {
		return a, nil
	}
	req := wire.Request{Service: wire.KMS, Operation: operation, Region: awsfake.Region, Principal: awsfake.User}
	var out any
	var err error
	if strings.HasPrefix(service, "DynamoDB") {
		out, err = run(tables.Decode, c.tables, &req, body)
	} else {
		out, err = run(keys.Decode, c.keys, &req, body)
	}
	a := &answer{status: http.StatusOK, name: req.Name, units: req.ReadUnits}
	if api, ok := errors.AsType[*wire.Error](err); ok {
		a.status, out = http.StatusBadRequest, map[string]any{"__type": api.Code, "message": api.Message}
	} else if err != nil {
		return nil, err
	}
	if a.body, err = json.Marshal(out); err != nil {
		return nil, err
	}
	switch operation {
	case "Query", "GetItem":
		c.known[question] = a
	case "Decrypt":
		a.calls = 1
		c.known[question] = a
	default:
		clear(c.known)
	}
	return a, nil
}

// run has a service carry out a request.
func run[R any, C interface {
	Describe(*wire.Request)
	Run(R, *wire.Request) (any, error)
}](decode func(string, []byte) (C, error), region R, req *wire.Request, body []byte) (any, error) {
	call, err := decode(req.Operation, body)
	if err != nil {
		return nil, err
	}
	call.Describe(req)
	return call.Run(region, req)
}

var throttled = &answer{status: http.StatusBadRequest, body: []byte(`{"__type": "ThrottlingException", "message": "Rate exceeded"}`)}

// quota is how much is left of a second. AWS's own bursts are not to be relied
// on, and what costs more than is left passes and is a debt of the next second.
type quota struct {
	tokens float64
	second int64
}

// left reports whether anything is left.
func (q *quota) left(rate float64, now time.Time) bool {
	if rate == 0 {
		return true
	}
	if s := now.Unix(); s != q.second {
		q.tokens = min(rate, min(q.tokens, 0)+rate*float64(s-q.second))
		q.second = s
	}
	return q.tokens > 0
}
