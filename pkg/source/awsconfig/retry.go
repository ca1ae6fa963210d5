package awsconfig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// Unless AWS_MAX_ATTEMPTS or the profile says otherwise. A table that
	// throttles 60 % of all requests makes one of 165 refs fail ten times in a
	// row, and one of 27,000 twenty times.
	maxAttempts  = 10
	maxThrottled = 20
	maxBackoff   = 5 * time.Second
)

// newRetryer returns the SDK's retryer without its quota. The quota lets about
// a hundred retries through for a whole client and then fails the rest at once:
// of 200 parallel reads on a throttled table 56 to 60 are lost, with ten
// attempts and no quota none.
//
// The SDK ignores AWS_MAX_ATTEMPTS and AWS_RETRY_MODE as soon as it is given a
// retryer, so it is given one only here, after it has read them.
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
		return &longer{retry.NewStandard(standard)}
	}
}

// longer is more patient with an AWS that says "slow down" than with one that
// says nothing.
type longer struct{ *retry.Standard }

// MaxAttempts implements aws.Retryer.
func (*longer) MaxAttempts() int { return maxThrottled }

// RetryDelay implements aws.Retryer. attempt counts from 1; an error ends the
// call.
func (r *longer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !throttled(err) {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	return r.Standard.RetryDelay(attempt, err)
}

func throttled(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// retryable corrects the SDK's judgement in three cases: a certificate that does
// not verify will not do so in a moment, an answer that breaks off in its body is
// as transient as one that breaks off before it, and a 408 is the end of a
// connection that the other end found idle.
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

type lastCauseKey struct{}

// keepCause makes a call that its context ended while it waited to try again
// say what it was waiting out. The SDK drops that: all it returns is
// "context deadline exceeded", which names no cause.
func keepCause(stack *middleware.Stack) error {
	record := middleware.FinalizeMiddlewareFunc("RecordCause", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, md, err := next.HandleFinalize(ctx, in)
		if last, ok := ctx.Value(lastCauseKey{}).(*error); ok && err != nil && ctx.Err() == nil {
			*last = err
		}
		return out, md, err
	})
	add := middleware.InitializeMiddlewareFunc("AddCause", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		var last error
		out, md, err := next.HandleInitialize(context.WithValue(ctx, lastCauseKey{}, &last), in)
		if err != nil && last != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w; before that: %w", err, last)
		}
		return out, md, err
	})
	if err := stack.Finalize.Insert(record, (*retry.Attempt)(nil).ID(), middleware.After); err != nil {
		return err
	}
	return stack.Initialize.Add(add, middleware.Before)
}
