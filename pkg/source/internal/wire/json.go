package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is far above the largest page of DynamoDB: 1 MB of items, a third more as
// base64.
const maxAnswer = 32 << 20

// JSONOptions are the settings of a service's SDK client, and the differences between
// services.
type JSONOptions struct {
	Options
	Region  string
	Signing string // the name of the service in signatures: "dynamodb"
	Target  string // the prefix of the operation in X-Amz-Target: "DynamoDB_20120810"
	Version string // of the protocol: "1.0" or "1.1"
	// Endpoint evaluates the service's endpoint rules for an account, which may be "". It
	// is called before the first request, and when the account changes.
	Endpoint func(ctx context.Context, account string) (smithyendpoints.Endpoint, error)
	// Account returns the account for Endpoint, which may be ""; nil: the endpoint does
	// not depend on the account.
	Account func(context.Context) (string, error)
	// Preconnect opens connections for n requests to the host of a URL; nil: none.
	Preconnect func(ctx context.Context, rawURL string, n int)
}

// jsonEndpoint is the URL of requests, the region of their signatures, and the account for
// which they were resolved.
type jsonEndpoint struct {
	url             url.URL
	region, account string
}

// JSONClient sends requests to one service in one region. It is safe for
// concurrent use.
type JSONClient struct {
	options  JSONOptions
	call     *Client
	resolved atomic.Pointer[jsonEndpoint] // the last one
}

// NewJSON returns a client. It does no I/O.
func NewJSON(o JSONOptions) *JSONClient {
	return &JSONClient{options: o, call: New(o.Options)}
}

// Do calls an operation with in as JSON, and decodes the answer into out. With a nil out
// the answer may be empty.
// Its errors are those of [Client.Do].
func (c *JSONClient) Do(ctx context.Context, operation string, in, out any) error {
	return c.DoChecked(ctx, operation, in, out, func() error { return nil })
}

// DoChecked is Do with a check of each decoded answer, which may return a doubt.
func (c *JSONClient) DoChecked(ctx context.Context, operation string, in, out any, check func() error) error {
	return c.call.Do(ctx, operation, func() (Request, error) { return c.request(ctx, operation, in) }, func(resp *http.Response, data []byte) error {
		if err := intact(resp, data); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return refused(resp, data)
		}
		if out == nil {
			return check()
		}
		reflect.ValueOf(out).Elem().SetZero() // an answer in doubt may have been decoded before
		if err := json.Unmarshal(data, out); err != nil {
			// The message of err may quote the answer.
			return &smithy.DeserializationError{Err: fmt.Errorf("%d bytes are not the expected JSON", len(data))}
		}
		return check()
	})
}

// DoRefusable is DoChecked of an operation whose answer has nothing of use, but whose
// refusal has: it is decoded into refusal.
func (c *JSONClient) DoRefusable(ctx context.Context, operation string, in, refusal any, check func() error) error {
	return c.call.Do(ctx, operation, func() (Request, error) { return c.request(ctx, operation, in) }, func(resp *http.Response, data []byte) error {
		if err := intact(resp, data); err != nil {
			return err
		}
		if resp.StatusCode == http.StatusOK {
			return check()
		}
		reflect.ValueOf(refusal).Elem().SetZero()
		if json.Unmarshal(data, refusal) != nil { // a proxy answers in HTML
			reflect.ValueOf(refusal).Elem().SetZero()
		}
		return refused(resp, data)
	})
}

func (c *JSONClient) request(ctx context.Context, operation string, in any) (Request, error) {
	to, err := c.endpoint(ctx)
	if err != nil {
		return Request{}, err
	}
	body, err := json.Marshal(in)
	return Request{
		Method: http.MethodPost, URL: to.url, Body: body, Signing: c.options.Signing, Region: to.region, Limit: maxAnswer,
		Header: http.Header{
			"Content-Type": {"application/x-amz-json-" + c.options.Version},
			"X-Amz-Target": {c.options.Target + "." + operation},
		},
	}, err
}

// Preconnect opens connections for n requests, and keeps them until ctx ends. If the
// rules give no endpoint, it does nothing: the first request returns the reason.
func (c *JSONClient) Preconnect(ctx context.Context, n int) {
	if p, err := c.endpoint(ctx); err == nil && c.options.Preconnect != nil {
		c.options.Preconnect(ctx, p.url.String(), n)
	}
}

// endpoint returns the endpoint of the account. It is resolved again if the account
// changes.
func (c *JSONClient) endpoint(ctx context.Context) (*jsonEndpoint, error) {
	account := ""
	if c.options.Account != nil {
		var err error
		if account, err = c.options.Account(ctx); err != nil {
			return nil, interrupted(ctx, fmt.Errorf("get identity: %w", err))
		}
	}
	if p := c.resolved.Load(); p != nil && p.account == account {
		return p, nil
	}
	p, err := c.resolve(ctx, account)
	if err == nil {
		c.resolved.Store(p)
	}
	return p, err
}

func (c *JSONClient) resolve(ctx context.Context, account string) (*jsonEndpoint, error) {
	if c.options.Region == "" {
		return nil, SafeError("no region is configured")
	}
	e, err := c.options.Endpoint(ctx, account)
	if err != nil {
		return nil, NoEndpoint(err)
	}
	p := &jsonEndpoint{url: e.URI, region: c.options.Region, account: account}
	p.url.Path = strings.TrimSuffix(p.url.Path, "/") + "/"
	// In the rules for these services, only the made-up region "local" has another region
	// in its signatures.
	schemes, _ := smithyauth.GetAuthOptions(&e.Properties)
	for _, s := range schemes {
		if region, ok := smithyhttp.GetSigV4SigningRegion(&s.SignerProperties); ok {
			p.region = region
			break
		}
	}
	return p, nil
}

// intact compares an answer with the checksum that DynamoDB adds to it
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html).
// DynamoDB Local sends 0 whatever the answer.
func intact(resp *http.Response, data []byte) error {
	want, err := strconv.ParseUint(resp.Header.Get("X-Amz-Crc32"), 10, 32)
	if err == nil && want != 0 && uint32(want) != crc32.ChecksumIEEE(data) {
		return Broken(io.ErrUnexpectedEOF) // the next attempt may succeed
	}
	return nil
}

// refused reads the code of an error answer, which is in a header or in the body, with a
// namespace before it or a URL behind it
// (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization).
func refused(resp *http.Response, data []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // some services capitalise it
	}
	_ = json.Unmarshal(data, &body) // a proxy answers in HTML
	for _, code := range []string{resp.Header.Get("X-Amzn-Errortype"), body.Type, body.Code} {
		if code = plainCode(code); code != "" {
			return Refused(resp, code, body.Message)
		}
	}
	return Refused(resp, "", "")
}

func plainCode(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s[strings.LastIndexByte(s, '#')+1:]
}
