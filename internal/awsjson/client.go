// Package awsjson sends the requests that a wave consists of, in AWS's JSON
// protocols (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html):
// a signed POST, an answer of JSON, and another try where the SDK's retryer
// says so.
//
// The SDK's own clients build some thirty layers of middleware for each call,
// evaluate the endpoint rules anew and read answers by way of untyped maps:
// three quarters of the CPU time of a wave, which on a small instance is more
// than its two round trips. So reads and Decrypt go through here, and nothing
// else does: what is asked once in a run is the SDK's to send. Settings,
// endpoint rules, credentials, signature, retryer and types of errors are the
// SDK's here too.
//
// All that is sent from here may be sent twice without harm, and where a
// connection broke before an answer it is.
package awsjson

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Options are what a service's own SDK client has settled, and what differs
// from one service to the other.
type Options struct {
	ServiceID string // as the SDK calls it: "DynamoDB"
	Signing   string // the name that signatures have: "dynamodb"
	Target    string // what stands before the operation in X-Amz-Target: "DynamoDB_20120810"
	Version   string // of the protocol: "1.0" or "1.1"
	// Endpoint evaluates the service's endpoint rules; it is called once, before
	// the first request.
	Endpoint func(context.Context) (smithyendpoints.Endpoint, error)

	Region      string
	AppID       string // AWS_SDK_UA_APP_ID, for the User-Agent
	Credentials aws.CredentialsProvider
	HTTP        Doer
	Retryer     aws.Retryer
}

// Doer sends one HTTP request, as *http.Client and the SDK's clients do.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Exchanger is what a [Doer] may be besides: a quicker way to send requests
// that may be sent twice.
type Exchanger interface {
	Exchange(*http.Request) (*http.Response, error)
}

// Observer is what a [Doer] may be besides, to be told of each attempt.
type Observer interface {
	Observe(Attempt)
}

// Attempt is one request that was sent.
type Attempt struct {
	Service, Operation string // "DynamoDB", "Query"
	Number             int    // from 1
	Err                error
}

// Client sends requests to one service in one region. It is safe for
// concurrent use.
type Client struct {
	options  Options
	do       func(*http.Request) (*http.Response, error)
	retryer  aws.RetryerV2
	signer   *v4.Signer
	observe  func(Attempt)
	endpoint func() (place, error)
	skew     atomic.Int64 // nanoseconds that AWS's clock is ahead of ours
}

// New returns a client. It does no I/O.
func New(o Options) *Client {
	c := &Client{options: o, do: o.HTTP.Do, retryer: asV2(o.Retryer), signer: v4.NewSigner(), observe: func(Attempt) {}}
	if x, ok := o.HTTP.(Exchanger); ok {
		c.do = x.Exchange
	}
	if w, ok := o.HTTP.(Observer); ok {
		c.observe = w.Observe
	}
	// Evaluating rules takes no time worth cancelling.
	c.endpoint = sync.OnceValues(func() (place, error) { return c.resolve(context.Background()) })
	return c
}

// Do calls an operation with what in is as JSON, and reads the answer into out.
// Errors have the types that the SDK's would have (smithy.OperationError, in it
// smithy.APIError, awshttp.ResponseError, retry.MaxAttemptsError), and none of
// what was sent or received but AWS's code and message. A call that ctx ended
// says what it was waiting out, if anything.
func (c *Client) Do(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err == nil {
		err = c.send(ctx, operation, body, out)
	}
	if err != nil {
		return operationError(c.options.ServiceID, operation, err)
	}
	return nil
}

// URL is where requests go, or "" where the rules allow no endpoint: then the
// first call says why.
func (c *Client) URL() string {
	p, err := c.endpoint()
	if err != nil {
		return ""
	}
	return p.url.String()
}

func (c *Client) resolve(ctx context.Context) (place, error) {
	if c.options.Credentials == nil {
		return place{}, errors.New("no credentials are configured")
	}
	if c.options.Region == "" {
		return place{}, errors.New("no region is configured")
	}
	e, err := c.options.Endpoint(ctx)
	if err != nil {
		return place{}, fmt.Errorf("resolve endpoint: %w", err)
	}
	p := place{url: e.URI, region: c.options.Region}
	p.url.Path = strings.TrimSuffix(p.url.Path, "/") + "/"
	// Of the rules for these services only the made-up region "local" is signed
	// for another.
	schemes, _ := smithyauth.GetAuthOptions(&e.Properties)
	for _, s := range schemes {
		if region, ok := smithyhttp.GetSigV4SigningRegion(&s.SignerProperties); ok {
			p.region = region
			break
		}
	}
	return p, nil
}

func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }
