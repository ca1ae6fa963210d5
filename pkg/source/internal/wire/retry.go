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
)

// maxSkew is how far a clock may be off before that is what a refused signature
// is put down to; AWS takes signatures of the last and next five minutes.
const maxSkew = 4 * time.Minute

// send tries until the retryer, or ctx, has had enough.
func (c *Client) send(ctx context.Context, operation string, what *call) error {
	var before error
	release := func(error) error { return nil }
	for n := 1; ; n++ {
		skew := time.Duration(c.skew.Load())
		err := c.permitted(ctx, n, operation, what)
		_ = release(err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return waitingOut(before, err)
		case n == 1 && c.correctClock(err, skew):
			continue
		}
		delay, next, stop := c.another(ctx, n, err)
		if stop != nil {
			return stop
		}
		release, before = next, err
		if err := sleep(ctx, delay); err != nil {
			return waitingOut(before, err)
		}
	}
}

// permitted makes one attempt when the retryer lets it: in adaptive mode that
// takes as long as AWS has been saying "slow down".
func (c *Client) permitted(ctx context.Context, n int, operation string, what *call) error {
	release, err := c.retryer.GetAttemptToken(ctx)
	if err != nil {
		return interrupted(ctx, fmt.Errorf("wait for a turn: %w", err))
	}
	err = c.attempt(ctx, n, operation, what)
	_ = release(err)
	return err
}

// another asks the retryer about a failed n-th attempt: it returns the pause
// before the next and what has to be told how that went, or the error to give
// up with.
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

// waitingOut names what a call that its context ended was trying to get past.
func waitingOut(before, err error) error {
	if before == nil {
		return err
	}
	return fmt.Errorf("%w; before that: %w", err, before)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return &aws.RequestCanceledError{Err: ctx.Err()}
	}
}

// correctClock sets the clock that requests are signed by after AWS's, where
// one that is far off is why a signature was refused: on an instance that has
// just booted that is no rarity. It reports whether trying again makes sense.
// skew is the one that the request was signed with: another of the same wave may
// have corrected it since.
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
	case forbidden, // to HEAD, which may be for any reason
		"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
		"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed":
		return true
	}
	return false
}

// asV2 makes an old retryer one that sets no limit to attempts as such.
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
