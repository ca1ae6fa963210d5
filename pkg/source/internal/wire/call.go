// Package wire sends signed requests to AWS and reads the answers. The sources share it:
//
//   - a signed request and its attempts ([Client]);
//   - AWS's JSON protocols ([JSONClient]), see
//     https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html;
//   - endpoints of services that are called without their SDK clients ([NewRegional]);
//   - the conversion of AWS's errors to those of package source ([Wrap]).
//
// It sends all requests but those for credentials. The SDK's clients add endpoint rules,
// and newer releases descriptions of all messages, to each start of the program. They build
// some thirty layers of middleware for each call, evaluate the endpoint rules again, and
// decode answers through untyped maps, which was three quarters of the CPU time of a batch.
// Settings, endpoint rules, credentials, signatures, the retryer and the error types are
// the SDK's in this package too.
//
// Every request of this package may be sent twice: it is sent again if the connection
// breaks before an answer arrives. A second CreateKey leaves a key of KMS unused, as with
// the SDK's client; a second of any other request changes nothing.
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

// Options are the settings that the service's SDK client would have.
type Options struct {
	ServiceID   string // as the SDK calls it: "DynamoDB"
	AppID       string // AWS_SDK_UA_APP_ID, for the User-Agent
	Credentials aws.CredentialsProvider
	HTTP        Doer
	Retryer     aws.Retryer
	Observer    source.Observer // nil: none
	// Sign changes the options of signatures; nil: those of all services but S3.
	Sign func(*v4.SignerOptions)
}

// Doer sends one HTTP request, as *http.Client and the SDK's clients do.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Request is sent in each attempt of a call.
type Request struct {
	Method  string
	URL     url.URL
	Header  http.Header // not changed
	Body    []byte
	Signing string // the name that signatures have: "dynamodb"
	Region  string // in the signature
	Limit   int64  // of the bytes of an answer
}

// Client sends requests to one service as one identity. It is safe for
// concurrent use.
type Client struct {
	options Options
	retryer aws.RetryerV2
	signer  *v4.Signer
	skew    atomic.Int64 // nanoseconds by which AWS's clock is ahead
}

// New returns a client. It does no I/O.
func New(o Options) *Client {
	c := &Client{options: o, retryer: asV2(o.Retryer), signer: v4.NewSigner()}
	if o.Sign != nil {
		c.signer = v4.NewSigner(o.Sign)
	}
	return c
}

// Do sends the request that prepare returns, and calls read with each answer and its
// whole body. The result of read is that of the attempt: nil, [Refused], [Broken], a doubt
// ([Unproven], [Anonymous], [Other]) or another error.
//
// Errors have the types of the SDK's (smithy.OperationError, which wraps smithy.APIError,
// awshttp.ResponseError, retry.MaxAttemptsError). They contain AWS's code and message, and
// nothing else of the request or the answer. If ctx ends between attempts, the error
// includes the last failure.
func (c *Client) Do(ctx context.Context, operation string, prepare func() (Request, error), read func(*http.Response, []byte) error) error {
	req, err := prepare()
	if err == nil {
		end := limit.Wait(ctx, limit.Subject{Name: c.options.ServiceID, Region: req.Region, Operation: operation})
		err = c.send(ctx, operation, &call{Request: req, read: read})
		end(Answered(err))
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: c.options.ServiceID, OperationName: operation, Err: err}
	}
	return nil
}

func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }
