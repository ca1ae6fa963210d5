package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// metadataTimeout is for one question, its token included. A metadata service
// answers within milliseconds or is not there.
const metadataTimeout = time.Second

// metadata asks the instance metadata service, never longer than
// metadataTimeout. The SDK's credential chain uses it too: it holds it before
// the client, which takes its settings from what the chain loads, is there.
type metadata struct{ client *imds.Client }

// newMetadataClient returns a client that tries again where the service answers
// with an error (it limits rates), and never where it does not answer.
func newMetadataClient(cfg aws.Config) *imds.Client {
	// Its short dial and response timeouts are the imds package's own; it sets
	// them only on a client that it may still change.
	cfg.HTTPClient = awshttp.NewBuildableClient()
	return imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.RateLimiter = ratelimit.None
			r.Retryables = []retry.IsErrorRetryable{retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{
				http.StatusTooManyRequests:     {},
				http.StatusInternalServerError: {},
				http.StatusServiceUnavailable:  {},
			}}}
		})
		o.DisableDefaultMaxBackoff = true
		o.Retryer = retry.AddWithMaxBackoffDelay(o.Retryer, metadataTimeout/5)
	})
}

// GetMetadata implements ec2rolecreds.GetMetadataAPIClient.
func (m *metadata) GetMetadata(ctx context.Context, in *imds.GetMetadataInput, opts ...func(*imds.Options)) (*imds.GetMetadataOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	out, err := m.client.GetMetadata(ctx, in, opts...)
	if err != nil {
		return nil, &metadataError{err}
	}
	return out, nil
}

// region asks for the instance's region, by IMDSv2 only.
func (m *metadata) region(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	out, err := m.client.GetRegion(ctx, nil, func(o *imds.Options) { o.EnableFallback = aws.FalseTernary })
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return "", fmt.Errorf("find the region: %w", context.Canceled)
		}
		return "", fmt.Errorf("%w: none is set, and %w", ErrNoRegion, &metadataError{err})
	}
	return out.Region, nil
}

// metadataError says in few words why the instance did not answer. Nearly
// always there is none, and the SDK's words for that would mislead. It does not
// unwrap: the deadline in its chain is ours, not the caller's.
type metadataError struct{ err error }

func (e *metadataError) Error() string {
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](e.err); ok && resp.HTTPStatusCode() == http.StatusNotFound {
		return "the instance has no role"
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](e.err); ok && resp.HTTPStatusCode() != 0 {
		return fmt.Sprintf("the instance metadata service answers with status %d", resp.HTTPStatusCode())
	}
	if _, asked := errors.AsType[*smithyhttp.RequestSendError](e.err); asked || errors.Is(e.err, context.DeadlineExceeded) {
		return "no instance metadata service answers"
	}
	if strings.Contains(e.err.Error(), "AWS_EC2_METADATA_DISABLED") { // it has no type of its own
		return "instance metadata is disabled (AWS_EC2_METADATA_DISABLED=true)"
	}
	return "the instance metadata service could not be used"
}
