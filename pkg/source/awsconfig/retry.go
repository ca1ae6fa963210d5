package awsconfig

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// AWS_MAX_ATTEMPTS and the profile override the number of attempts. If a table
	// throttles 60 % of all requests, one of 165 refs fails ten times in a row, and one
	// of 27,000 twenty times.
	maxAttempts  = 10
	maxThrottled = 20
	maxBackoff   = 5 * time.Second
)

// newRetryer returns the SDK's retryer without its quota. The quota permits about a
// hundred retries of a client and then fails the rest at once: of 200 parallel reads
// of a throttled table 56 to 60 are lost. With ten attempts and no quota, none is.
//
// The SDK ignores AWS_MAX_ATTEMPTS and AWS_RETRY_MODE if it is given a retryer, so
// this one is set after the SDK has read them.
func newRetryer(mode aws.RetryMode, attempts int) func() aws.Retryer {
	standard := func(o *retry.StandardOptions) {
		o.RateLimiter = ratelimit.None
		o.MaxAttempts = maxAttempts
		if attempts > 0 {
			o.MaxAttempts = attempts
		}
		o.MaxBackoff = maxBackoff
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(retryable)}, o.Retryables...)
	}
	return func() aws.Retryer {
		if mode == aws.RetryModeAdaptive {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, standard)
			})
		}
		if attempts > 0 {
			return retry.NewStandard(standard)
		}
		return &throttleRetryer{retry.NewStandard(standard)}
	}
}

// throttleRetryer makes more attempts if AWS throttles than after other failures.
type throttleRetryer struct{ *retry.Standard }

// MaxAttempts implements aws.Retryer.
func (*throttleRetryer) MaxAttempts() int { return maxThrottled }

// RetryDelay implements aws.Retryer. attempt counts from 1. An error ends the call.
func (r *throttleRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !throttled(err) {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	return r.Standard.RetryDelay(attempt, err)
}

func throttled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// retryable differs from the SDK in three cases. A certificate that does not verify
// will not do so a moment later. An answer that ends within its body is as transient
// as one that ends before it. A 408 ends a connection that the other end found idle.
func retryable(err error) aws.Ternary {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return aws.FalseTernary
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.HTTPStatusCode() == http.StatusRequestTimeout {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
