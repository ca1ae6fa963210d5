// Package wire sends signed requests to AWS and reads the answers, with retries
// as the SDK's retryer decides. It holds all plumbing that the sources share:
//
//   - one signed request and its attempts ([Client]);
//   - AWS's JSON protocols ([JSONClient]), see
//     https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html;
//   - endpoints of services that are called without their SDK clients ([Own],
//     [AsKMS]);
//   - AWS's errors as those of package source ([Wrap]).
//
// The requests of a render's batch go through here, and those of services whose
// SDK client is large for the calls that credrender makes. Other DynamoDB and
// KMS calls go through the SDK's clients. The SDK's clients build some thirty
// layers of middleware for each call, evaluate the endpoint rules anew, and read
// answers by way of untyped maps: three quarters of the CPU time of a batch.
// Settings, endpoint rules, credentials, signatures, the retryer and the error
// types are the SDK's here too.
//
// Every request sent from here is safe to send twice, and is sent again if the
// connection breaks before an answer arrives.
package wire

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
)

// Options are what a service's own SDK client would have settled.
type Options struct {
	ServiceID   string // as the SDK calls it: "DynamoDB"
	AppID       string // AWS_SDK_UA_APP_ID, for the User-Agent
	Credentials aws.CredentialsProvider
	HTTP        Doer
	Retryer     aws.Retryer
	Observer    source.Observer // nil: nobody is told
	// Sign sets how signatures are made; nil: as all services but S3 have it.
	Sign func(*v4.SignerOptions)
}

// Doer sends one HTTP request, as *http.Client and the SDK's clients do.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Request is what a call sends, in each of its attempts.
type Request struct {
	Method  string
	URL     url.URL
	Header  http.Header // is not changed
	Body    []byte
	Signing string // the name that signatures have: "dynamodb"
	Region  string // that it is signed for
	Limit   int64  // the most bytes that are read of an answer
}

// Client sends requests to one service as one identity. It is safe for
// concurrent use.
type Client struct {
	options Options
	retryer aws.RetryerV2
	signer  *v4.Signer
	skew    atomic.Int64 // nanoseconds that AWS's clock is ahead of ours
}

// New returns a client. It does no I/O.
func New(o Options) *Client {
	c := &Client{options: o, retryer: asV2(o.Retryer), signer: v4.NewSigner()}
	if o.Sign != nil {
		c.signer = v4.NewSigner(o.Sign)
	}
	return c
}

// Do sends the request that prepare returns, and hands each answer to read: its
// status and headers, and its body, whole. What read returns is what became of
// the attempt: nil, or [Refused], [Broken], a doubt ([Unproven], [Anonymous],
// [Other]) or an error of its own.
//
// Errors have the types that the SDK's would have (smithy.OperationError, in it
// smithy.APIError, awshttp.ResponseError, retry.MaxAttemptsError), and none of
// what was sent or received but AWS's code and message. A call that ctx ended
// says what it was waiting out, if anything.
func (c *Client) Do(ctx context.Context, operation string, prepare func() (Request, error), read func(*http.Response, []byte) error) error {
	req, err := prepare()
	if err == nil {
		end := limit.Wait(ctx, limit.Subject{Name: c.options.ServiceID, Place: req.Region, Operation: operation})
		err = c.send(ctx, operation, &call{Request: req, read: read})
		end(Answered(err))
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: c.options.ServiceID, OperationName: operation, Err: err}
	}
	return nil
}

func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }
