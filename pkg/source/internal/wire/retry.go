package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
)

// maxSkew is the clock error above which a refused signature is attributed to the clock.
// AWS accepts signatures within five minutes.
const maxSkew = 4 * time.Minute

// send makes attempts until one succeeds, the retryer gives up or ctx ends.
func (c *Client) send(ctx context.Context, operation string, what *call) error {
	var before error
	corrected := false // the clock, in this call: an answer may have any time
	none := func(error) error { return nil }
	release := none
	for n := 1; ; n++ {
		skew := time.Duration(c.skew.Load())
		err := c.permitted(ctx, n, operation, what)
		_ = release(err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return waitingOut(before, err)
		case !corrected && c.correctClock(err, skew):
			corrected, release = true, none
			continue
		}
		delay, next, stop := c.another(ctx, n, err)
		if stop != nil {
			return stop
		}
		release, before = next, err
		if err := smithytime.SleepWithContext(ctx, delay); err != nil {
			err = interrupted(ctx, err)
			return waitingOut(before, err)
		}
	}
}

// permitted makes one attempt when the retryer permits it: in adaptive mode it delays
// attempts while AWS throttles.
func (c *Client) permitted(ctx context.Context, n int, operation string, what *call) error {
	release, err := c.retryer.GetAttemptToken(ctx)
	if err != nil {
		return interrupted(ctx, fmt.Errorf("wait for a turn: %w", err))
	}
	err = c.attempt(ctx, n, operation, what)
	_ = release(err)
	return err
}

// another returns the delay after a failed n-th attempt, and a function for the result of
// the next; or the error to give up with.
func (c *Client) another(ctx context.Context, n int, err error) (time.Duration, func(error) error, error) {
	if !c.retryer.IsErrorRetryable(err) {
		return 0, nil, err
	}
	if most := c.retryer.MaxAttempts(); most > 0 && n >= most {
		return 0, nil, &retry.MaxAttemptsError{Attempt: n, Err: err}
	}
	release, quota := c.retryer.GetRetryToken(ctx, err)
	if quota != nil {
		return 0, nil, errors.Join(err, quota)
	}
	delay, enough := c.retryer.RetryDelay(n, err)
	if enough != nil {
		return 0, nil, enough
	}
	return delay, release, nil
}

// waitingOut adds the last failure to the error of a call whose context ended.
func waitingOut(before, err error) error {
	if before == nil {
		return err
	}
	return fmt.Errorf("%w; before that: %w", err, before)
}

// correctClock adjusts the clock for signatures to AWS's if the machine's clock is the
// reason for a refused signature, as often on an instance that has just booted. It reports
// whether another attempt makes sense. skew is the one that the request was signed with:
// another request of the batch may have corrected it since.
func (c *Client) correctClock(err error, skew time.Duration) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || !aboutTime(api.ErrorCode()) {
		return false
	}
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		return false
	}
	theirs, err := http.ParseTime(resp.Response.Header.Get("Date"))
	if err != nil || theirs.Sub(time.Now().Add(skew)).Abs() < maxSkew {
		return false
	}
	c.skew.Store(int64(time.Until(theirs)))
	return true
}

func aboutTime(code string) bool {
	switch code {
	case forbidden, // the answer to a HEAD has no reason
		"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
		"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed":
		return true
	}
	return false
}

// asV2 adapts a retryer without attempt tokens.
func asV2(r aws.Retryer) aws.RetryerV2 {
	if v2, ok := r.(aws.RetryerV2); ok {
		return v2
	}
	return unlimited{r}
}

type unlimited struct{ aws.Retryer }

// GetAttemptToken implements aws.RetryerV2.
func (u unlimited) GetAttemptToken(context.Context) (func(error) error, error) {
	return u.GetInitialToken(), nil
}
