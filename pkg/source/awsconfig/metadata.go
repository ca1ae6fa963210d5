package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source/limit"
)

// metadataTimeout limits one query, including its token. A metadata service answers
// within milliseconds or is not there.
const metadataTimeout = time.Second

var metadataService = limit.Subject{Name: "the instance metadata service"}

// metadata queries the instance metadata service within metadataTimeout. The SDK's
// credential chain uses it too. It gets it before client is set, since client's settings
// are loaded with the chain.
type metadata struct {
	client *imds.Client
	seen   seen
}

// NewMetadataClient returns a client of the instance metadata service. It tries
// again if the service answers with an error, since that limits rates, and never if
// it does not answer. It uses no proxy: none is next to the instance.
func NewMetadataClient(cfg aws.Config) *imds.Client { return newMetadataClient(cfg, &seen{}) }

func newMetadataClient(cfg aws.Config, observed *seen) *imds.Client {
	cfg.HTTPClient = &watched{withoutProxy(awshttp.NewBuildableClient()).WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = metadataTimeout / 4 // as the imds package sets for a client of its own
	}).WithTransportOptions(func(tr *http.Transport) {
		tr.ResponseHeaderTimeout = metadataTimeout / 3 // for two requests within the limit
	}), observed}
	return imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.RateLimiter, r.MaxBackoff = ratelimit.None, metadataTimeout/5
			r.Retryables = []retry.IsErrorRetryable{retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{
				http.StatusTooManyRequests: {}, http.StatusInternalServerError: {}, http.StatusServiceUnavailable: {},
			}}}
		})
		o.DisableDefaultMaxBackoff = true
	})
}

// GetMetadata implements ec2rolecreds.GetMetadataAPIClient.
func (m *metadata) GetMetadata(ctx context.Context, in *imds.GetMetadataInput, opts ...func(*imds.Options)) (*imds.GetMetadataOutput, error) {
	end := limit.Wait(ctx, metadataService)
	ctx, cancel := context.WithTimeout(caller(ctx), metadataTimeout)
	defer cancel()
	out, err := m.client.GetMetadata(ctx, in, opts...)
	end(err == nil)
	if err != nil {
		return nil, &metadataError{err, m.seen.state()}
	}
	return out, nil
}

// region returns the instance's region, by IMDSv2 only.
func (m *metadata) region(ctx context.Context) (region string, err error) {
	whole := ctx
	end := limit.Wait(whole, metadataService)
	defer func() { end(err == nil) }()
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	out, err := m.client.GetRegion(ctx, nil, func(o *imds.Options) { o.EnableFallback = aws.FalseTernary })
	if err != nil {
		if whole.Err() != nil {
			return "", fmt.Errorf("find the region: %w", whole.Err())
		}
		m.askWithoutToken(ctx)
		return "", fmt.Errorf("%w: none is set, and %w", ErrNoRegion, &metadataError{err, m.seen.state()})
	}
	return out.Region, nil
}

// askWithoutToken finds out whether a service that returned no token exists. It uses
// nothing of the answer.
func (m *metadata) askWithoutToken(ctx context.Context) {
	if m.seen.state().token != noAnswer {
		return
	}
	_, _ = m.client.GetMetadata(ctx, &imds.GetMetadataInput{Path: "placement/region"}, func(o *imds.Options) { o.EnableFallback = aws.TrueTernary })
}

// noAnswer is the status of a request that was sent and not answered.
const noAnswer = -1

// seen holds the status of the last answers of the metadata service: the SDK's errors do
// not tell which of its two requests failed.
type seen struct {
	mu           sync.Mutex
	token, other int // HTTP status of the last request for a token, and without one; 0: never sent
}

// statuses is a copy of [seen].
type statuses struct{ token, other int }

func (s *seen) state() statuses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return statuses{s.token, s.other}
}

// watched is an HTTP client that records the status of answers.
type watched struct {
	next *awshttp.BuildableClient
	seen *seen
}

// Do implements imds.HTTPClient.
func (w *watched) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.next.Do(req)
	status := noAnswer
	if err == nil {
		status = resp.StatusCode
	}
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	switch {
	case req.Method == http.MethodPut:
		w.seen.token = status
	case req.Header.Get("X-Aws-Ec2-Metadata-Token") == "":
		w.seen.other = status
	}
	return resp, err
}

// metadataError describes briefly why the instance did not answer. Nearly always there
// is no instance, and the SDK's own text would mislead. It does not unwrap, since the
// deadline in its chain is not the caller's.
type metadataError struct {
	err  error
	seen statuses
}

func (e *metadataError) Error() string {
	if strings.Contains(e.err.Error(), "AWS_EC2_METADATA_DISABLED") { // it has no type of its own
		return "instance metadata is disabled (AWS_EC2_METADATA_DISABLED=true)"
	}
	if text := e.seen.describe(); text != "" {
		return text
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](e.err); ok && resp.HTTPStatusCode() == http.StatusNotFound {
		return "the instance has no role"
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](e.err); ok && resp.HTTPStatusCode() != 0 {
		return fmt.Sprintf("the instance metadata service returned status %d", resp.HTTPStatusCode())
	}
	if _, asked := errors.AsType[*smithyhttp.RequestSendError](e.err); asked || errors.Is(e.err, context.DeadlineExceeded) {
		return "the instance metadata service does not answer"
	}
	return "the instance metadata service could not be used"
}

// describe tells why a service that exists returns no token
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html).
func (s statuses) describe() string {
	there := s.other > 0
	switch {
	case s.other == http.StatusNotFound: // it answers without a token
		return ""
	case s.token == noAnswer && there:
		return "the instance metadata service does not answer requests for a token: the hop limit of the instance must be 2 or more for a container ('aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2')"
	case s.token == http.StatusNotFound || s.token == http.StatusMethodNotAllowed:
		return fmt.Sprintf("the instance metadata service issues no tokens (HTTP status %d): it supports only IMDSv1", s.token)
	case s.token == http.StatusForbidden:
		return "the instance metadata service refuses a token: it is disabled on the instance"
	}
	return ""
}
